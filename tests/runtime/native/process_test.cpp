#include <unistd.h>

#include "tests/runtime/native/bundle.hpp"

// What a process is made, and what is said of what it cannot be.

using namespace gantry;
using test::bundle;
using test::contains;

namespace {

constexpr auto policy_and_nice = "cut -d' ' -f19,41 /proc/self/stat";

} // namespace

TEST_CASE("a process has the scheduler and the I/O priority that were asked for", "[native][root]") {
  bundle from;
  from.folder().make_link("busybox", "bundle/rootfs/bin/cut");
  from.config["process"]["scheduler"] = {{"policy", "SCHED_BATCH"}, {"nice", 7}};
  from.config["process"]["ioPriority"] = {{"class", "IOPRIO_CLASS_BE"}, {"priority", 6}};
  from.set_script(std::string(policy_and_nice) + "; busybox ionice -p $$; sleep 50");
  SECTION("the first one") {
    from.set_script(std::string(policy_and_nice) + "; busybox ionice -p $$");
    CHECK(from.run_native().text == "7 3\nbest-effort: prio 6\n");
  }
  SECTION("a further one") {
    REQUIRE(from.start().code == 0);
    CHECK(from.oci({"exec", from.id(), "sh", "-c", policy_and_nice}).text == "7 3\n");
  }
  SECTION("what the kernel refuses is said") {
    from.config["process"]["scheduler"] = {{"policy", "SCHED_BATCH"}, {"priority", 5}};
    const auto ran = from.run_native();
    CHECK(ran.code == 1);
    CHECK_THAT(ran.text, contains("error setting the scheduler"));
  }
}

TEST_CASE("a further process runs on the processors that were asked for", "[native][root]") {
  bundle from;
  from.set_script("sleep 50");
  REQUIRE(from.start().code == 0);
  auto process = from.config["process"];
  process["args"] = {"grep", "Cpus_allowed_list", "/proc/self/status"};
  process["execCPUAffinity"] = {{"initial", "0"}};
  from.folder().make_file("process.json", process.dump());
  const auto exec = [&] { return from.oci({"exec", "--process", from.folder() / "process.json", from.id()}); };
  CHECK(exec().text == "Cpus_allowed_list:\t0\n");
  process["execCPUAffinity"] = {{"final", "60000"}};
  from.folder().make_file("process.json", process.dump());
  const auto ran = exec();
  CHECK(ran.code == 255);
  CHECK_THAT(ran.text, contains("error setting the final CPU affinity"));
}

TEST_CASE("a capability that cannot be granted is left out with a warning", "[native][root]") {
  bundle from;
  for (const auto* set : {"bounding", "effective", "permitted"})
    from.config["process"]["capabilities"][set] = {"CAP_CHOWN", "CAP_SYS_TIME", "CAP_OF_THE_FUTURE"};
  from.set_script("grep -E 'Cap(Prm|Eff|Bnd)' /proc/self/status");
  from.write();
  const auto ran =
      test::run({"setpriv", "--bounding-set", "-sys_time", GANTRY_OCI, "--root", from.folder() / "state", "--log",
                 from.folder() / "log", "--log-format", "json", "run", "--bundle", from.path(), from.id()});
  CHECK(ran.text == "CapPrm:\t0000000000000001\nCapEff:\t0000000000000001\nCapBnd:\t0000000000000001\n");
  const auto said = sys::read_file(from.folder() / "log").value();
  CHECK_THAT(said, contains(R"({"level":"warning","msg":"capability CAP_OF_THE_FUTURE is not known")"));
  CHECK_THAT(said, contains("CAP_SYS_TIME cannot be granted"));
}

TEST_CASE("a filter that refuses getcwd is no obstacle", "[native][root]") {
  bundle from;
  from.config["process"]["noNewPrivileges"] = GENERATE(true, false);
  from.config["linux"]["seccomp"] = nlohmann::json::parse(
      R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["getcwd"],"action":"SCMP_ACT_ERRNO"}]})");
  from.set_script("cd /bin; busybox pwd -P; exit 3");
  const auto ran = from.run_native();
  CHECK(ran.code == 3);
  CHECK_THAT(ran.text, contains("Operation not permitted"));
}

TEST_CASE("a poststart or poststop hook that fails stops nothing", "[native][root]") {
  bundle from;
  const auto log = from.folder() / "log";
  const auto shell = [](const std::string& text) {
    return nlohmann::json{{"path", "/bin/sh"}, {"args", {"sh", "-c", text}}};
  };
  for (const auto* kind : {"poststart", "poststop"})
    from.config["hooks"][kind] = {shell("exit 9"), shell(std::string("echo ") + kind + " >> " + log)};
  from.set_script("exit 3");
  const auto ran = from.run_native();
  CHECK(ran.code == 3);
  CHECK(sys::read_file(log) == "poststart\npoststop\n");
  CHECK_THAT(ran.text, contains("level=warning msg=\"poststart hook /bin/sh: exit status 9\""));
  CHECK_THAT(ran.text, contains("level=warning msg=\"poststop hook /bin/sh: exit status 9\""));
}

TEST_CASE("events tell of a container's use of the host and of its out-of-memory kills", "[native][root]") {
  bundle from;
  from.config["linux"]["resources"]["memory"] = {{"limit", 32 << 20}};
  from.set_script("sleep 2; head -c 100m /dev/zero | tail -n 1; sleep 2");
  from.folder().make_link("busybox", "bundle/rootfs/bin/tail");
  REQUIRE(from.start().code == 0);
  const auto stats = nlohmann::json::parse(from.oci({"events", "--stats", from.id()}).text);
  CHECK(stats["type"] == "stats");
  CHECK(stats["id"] == from.id());
  CHECK(stats["data"]["memory"]["usage"]["limit"] == 32 << 20);
  CHECK(stats["data"]["pids"]["current"] >= 1);
  CHECK(stats["data"]["cpu"]["usage"]["total"] > 0);
  const auto said = from.oci({"events", "--interval", "1s", from.id()});
  CHECK(said.code == 0);
  CHECK_THAT(said.text, contains(R"({"type":"oom","id":")" + from.id() + "\"}\n"));
  CHECK_THAT(said.text, contains(R"({"type":"stats")"));
  CHECK_THAT(from.oci({"events", from.id()}).text, contains("is not running"));
  CHECK_THAT(from.oci({"events", "--interval", "soon", from.id()}).text, contains("soon is no interval"));
}
