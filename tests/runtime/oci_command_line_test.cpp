#include "tests/catch.hpp"

#include "runtime/oci/command_line.hpp"
#include "runtime/oci/error_text.hpp"
#include "runtime/oci/features.hpp"

namespace {

using namespace gantry;
using words = std::vector<std::string>;

const monitor::runtime_command runc{"/usr/sbin/runc", "/run/gantry/oci/docker", {"--systemd-cgroup"}};

TEST_CASE("run gives the runtime its root, log, bundle and pid file, then the id") {
  auto argv = oci::run_argv(runc, {"abc", "/b/runtime.log", "/b", "/b/pid", "console.sock", ""});
  CHECK(argv == words{"/usr/sbin/runc", "--root", "/run/gantry/oci/docker", "--log", "/b/runtime.log", "--log-format",
                      "json", "--systemd-cgroup", "run", "--detach", "--bundle", "/b", "--pid-file", "/b/pid",
                      "--console-socket", "console.sock", "abc"});
}

TEST_CASE("what is empty is left out of a command line") {
  auto argv = oci::exec_argv(runc, {"abc", "", "", "/p", "", "/process.json"});
  CHECK(argv == words{"/usr/sbin/runc", "--root", "/run/gantry/oci/docker", "--systemd-cgroup", "exec", "--detach",
                      "--process", "/process.json", "--pid-file", "/p", "abc"});
}

TEST_CASE("delete asks for force only when told to") {
  CHECK(oci::delete_argv(runc, {"abc", "", "", "", "", ""}, oci::removal::of_stopped).back() == "abc");
  auto forced = oci::delete_argv(runc, {"abc", "", "", "", "", ""}, oci::removal::force);
  CHECK(forced[forced.size() - 2] == "--force");
}

TEST_CASE("kill, pause and resume name the container last, the signal after it") {
  CHECK(oci::kill_all_argv(runc, {"abc", "", "", "", "", ""}, 15).back() == "15");
  CHECK(oci::pause_argv(runc, {"abc", "", "", "", "", ""}).back() == "abc");
  CHECK(oci::resume_argv(runc, {"abc", "", "", "", "", ""}).back() == "abc");
}

TEST_CASE("a runtime joins users when its features say so") {
  CHECK(oci::joins_users(R"({"ociVersionMin":"1.0.0","linux":{"namespaces":["pid","user"]}})"));
  for (const auto* other : {R"({"linux":{"namespaces":["pid"]}})", R"({"linux":{"namespaces":"user"}})", "{}", "[]", "",
                            "unknown command features"})
    CHECK_FALSE(oci::joins_users(other));
}

TEST_CASE("only crun is kept from the unified hierarchy") {
  CHECK(oci::refuses_hybrid_cgroups({"/usr/bin/crun", "", {}}));
  CHECK(oci::refuses_hybrid_cgroups({"crun-1.8", "", {}}));
  CHECK_FALSE(oci::refuses_hybrid_cgroups(runc));
}

TEST_CASE("the error text is the last error of the JSON log") {
  auto log = R"({"level":"warning","msg":"w","time":"t"}
{"level":"error","msg":"runc run failed: exec: \"nope\": executable file not found in $PATH","time":"t"}
{"level":"info","msg":"later","time":"t"}
)";
  CHECK(oci::error_text(log, "printed") == R"(runc run failed: exec: "nope": executable file not found in $PATH)");
}

TEST_CASE("what other runtimes say is told in the words that callers know") {
  const auto of = [](const char* text) { return oci::error_text("", text); };
  CHECK(of("executable file `nope` not found in $PATH: No such file or directory\n") ==
        R"(exec: "nope": executable file not found in $PATH)");
  CHECK(of("open executable: Operation not permitted\n").starts_with("exec: permission denied"));
  CHECK(of("chdir to cwd (/x): No such file or directory\n") == "chdir to cwd (/x): no such file or directory");
  CHECK(of("` not found in $PATH executable file `") == "` not found in $PATH executable file `");
}

TEST_CASE("without an error in the log what was printed last is the error text") {
  CHECK(oci::error_text("not json\n{\"level\":", "first\nlast line\n") == "last line");
  CHECK(oci::error_text("", "").empty());
}

TEST_CASE("an endless error text is cut") { CHECK(oci::error_text("", std::string(100'000, 'x')).size() == 4096); }

} // namespace
