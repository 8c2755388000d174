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

TEST_CASE("a part of a folder is mounted as the start finds it, and never what lies outside", "[root]") {
  monitor_fixture m;
  const bool native = GENERATE(false, true);
  INFO("native: " << native);
  namespace fs = std::filesystem;
  fs::create_directories(m.dir() + "/volume/sub");
  std::ofstream(m.dir() + "/volume/sub/file") << "inside\n";
  std::ofstream(m.dir() + "/outside") << "outside\n";
  fs::create_symlink("sub", m.dir() + "/volume/link");
  fs::create_symlink("../outside", m.dir() + "/volume/out");
  auto what = with_files(m, native, "cat /files/file");
  what.config_json.replace(what.config_json.find(what.bundle + "/files"), what.bundle.size() + 6,
                           what.bundle + "/mapped/0");
  monitor::mapped_source part;
  part.source = m.dir() + "/volume", part.sub_path = "link";
  what.mapped = {part};
  (void)m.must<monitor::started>(what);
  CHECK(m.exited().wait("files").exit_code == 0);
  CHECK(m.log_text("files") == "inside\n");
  (void)m.must<monitor::done>(monitor::delete_container{what.container, what.runtime, what.bundle});

  what.mapped[0].sub_path = "out";
  auto refused = m.ask(what);
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, contains("escapes the base directory"));
  what.mapped[0].sub_path.clear(); // then nothing says why it is to be mounted before
  refused = m.ask(what);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::invalid_argument);
  CHECK_FALSE(fs::exists(what.bundle));
}

} // namespace
