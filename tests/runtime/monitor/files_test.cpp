#include <filesystem>
#include <fstream>

#include "tests/catch.hpp"
#include "tests/runtime/monitor/monitor_fixture.hpp"

namespace {

using namespace gantry;
using namespace gantry::test;

/// A container that sees its bundle's files at /files.
monitor::start_container with_files(monitor_fixture& m, bool native, const std::string& script) {
  auto what = m.container("files", {.args = {"sh", "-c", script}});
  what.runtime.native = native;
  what.files = {{"hosts", "127.0.0.1 localhost\n"}, {"empty", ""}};
  const auto mount = R"("mounts":[{"destination":"/files","type":"bind","source":")" + what.bundle +
                     R"(/files","options":["rbind"]},)";
  const std::string place = R"("mounts":[)";
  what.config_json.replace(what.config_json.find(place), place.size(), mount);
  return what;
}

TEST_CASE("a container's files lie in memory that it alone sees, and that it cannot fill beyond a limit", "[root]") {
  monitor_fixture m;
  const bool native = GENERATE(false, true);
  INFO("native: " << native);
  auto what = with_files(m, native,
                         "cat /files/hosts; ls /files; echo more >> /files/hosts; grep more /files/hosts; "
                         "head -c 3000000 /dev/zero > /files/empty || echo full; grep ' /files ' /proc/self/mountinfo");
  (void)m.must<monitor::started>(what);
  CHECK(m.exited().wait("files").exit_code == 0);
  const auto said = m.log_text("files");
  for (const auto* text : {"127.0.0.1 localhost\n", "empty\n", "more\n", "full\n", "nosuid,nodev,noexec", "tmpfs"})
    CHECK_THAT(said, contains(text));
  CHECK(std::filesystem::is_empty(what.bundle + "/files")); // of the host's view
  (void)m.must<monitor::done>(monitor::delete_container{what.container, what.runtime, what.bundle});
}

TEST_CASE("a file's name is none of a path", "[root]") {
  monitor_fixture m;
  const bool native = GENERATE(false, true);
  auto what = with_files(m, native, "true");
  what.files.emplace_back("../escape", "x");
  auto refused = m.ask(what);
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, contains("../escape"));
  CHECK_FALSE(std::filesystem::exists(what.bundle));
}

} // namespace
