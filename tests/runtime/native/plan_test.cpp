#include <linux/filter.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <nlohmann/json.hpp>

#include "runtime/native/names.hpp"
#include "runtime/native/parse_plan.hpp"
#include "runtime/native/seccomp_filter.hpp"
#include "tests/catch.hpp"

using namespace gantry;
using namespace gantry::native;
using nlohmann::json;

namespace {

json document() {
  return json::parse(R"({"ociVersion":"1.0.2","process":{"args":["sh"],"env":["A=b"],"cwd":"/","user":{"uid":7,"gid":8,
    "additionalGids":[9]},"capabilities":{"bounding":["CAP_CHOWN","CAP_KILL","CAP_FROM_THE_FUTURE"]},
    "rlimits":[{"type":"RLIMIT_NOFILE","soft":10,"hard":20}],"oomScoreAdj":-5},
    "root":{"path":"rootfs","readonly":true},"hostname":"h","linux":{"namespaces":[{"type":"mount"},{"type":"uts"},
    {"type":"pid","path":"/proc/1/ns/pid"}]}})");
}

result<container_plan> parsed(const json& config) { return parse_plan(config.dump()); }

/// The document with the value at the pointer.
json with(const char* pointer, json value) {
  auto config = document();
  config[json::json_pointer(pointer)] = std::move(value);
  return config;
}

} // namespace

TEST_CASE("a plan has what the document says", "[native]") {
  const auto plan = parsed(document());
  REQUIRE(plan);
  CHECK(plan->process.args == std::vector<std::string>{"sh"});
  CHECK(plan->process.uid == 7);
  CHECK(plan->process.groups == std::vector<std::uint32_t>{9});
  REQUIRE(plan->process.capabilities);
  CHECK(plan->process.capabilities->bounding ==
        ((1u << 0) | (1u << 5))); // names of the future are left out, as by runc
  CHECK(plan->process.unknown_capabilities == std::vector<std::string>{"CAP_FROM_THE_FUTURE"});
  REQUIRE(plan->process.rlimits.size() == 1);
  CHECK(plan->process.rlimits[0].resource == RLIMIT_NOFILE);
  CHECK(plan->process.oom_score_adj == -5);
  CHECK(plan->root_read_only);
  REQUIRE(plan->find_namespace(CLONE_NEWPID) != nullptr);
  CHECK(plan->find_namespace(CLONE_NEWPID)->path == "/proc/1/ns/pid");
  CHECK(plan->find_namespace(CLONE_NEWNET) == nullptr);
}

TEST_CASE("a plan survives its way through bytes", "[native]") {
  auto config =
      with("/mounts",
           json::parse(R"([{"destination":"/d","type":"bind","source":"/s","options":["rbind","ro","rslave"]}])"));
  config["linux"]["seccomp"] = json::parse(
      R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["read","write"],"action":"SCMP_ACT_ALLOW"}]})");
  config["linux"]["resources"] = json::parse(R"({"memory":{"limit":1048576},"devices":[{"allow":false}]})");
  const auto plan = parsed(config);
  REQUIRE(plan);
  const auto bytes = encode(*plan);
  const auto back = decode_container_plan(bytes);
  REQUIRE(back);
  CHECK(encode(*back) == bytes);
  CHECK(back->mounts.size() == 1);
  CHECK(back->mounts[0].propagation == MS_SLAVE);
  CHECK(back->resources.memory_limit == 1048576);
  CHECK(!back->seccomp.program.empty());
  CHECK(back->seccomp.program.size() % sizeof(sock_filter) == 0);
  for (std::size_t size = 0; size < bytes.size(); size += 7) CHECK(!decode_container_plan(bytes.substr(0, size)));
  CHECK(!decode_container_plan(bytes + "x"));
}

TEST_CASE("what is not implemented is refused by its name, so that another runtime can be asked", "[native]") {
  const auto [pointer, value, named] = GENERATE(table<const char*, json, const char*>({
      {"/linux/intelRdt", json{{"closID", "x"}}, "linux.intelRdt"},
      {"/linux/namespaces/0", json{{"type", "ipc"}}, "without a mount namespace"},
      {"/linux/somethingNew", 1, "linux.somethingNew"},
      {"/process/scheduler", json{{"policy", "SCHED_ISO"}}, "process.scheduler.policy"},
      {"/vm", json::object(), "vm"},
      {"/linux/seccomp", json{{"defaultAction", "SCMP_ACT_NOTIFY"}}, "SCMP_ACT_NOTIFY"},
      {"/linux/seccomp", json{{"defaultAction", "SCMP_ACT_ALLOW"}, {"listenerPath", "/x"}}, "listenerPath"},
      {"/mounts/0", json{{"destination", "/t"}, {"type", "tmpfs"}, {"options", {"idmap"}}}, "idmap of a mount"},
      {"/linux/resources", json{{"rdma", {{"mlx5", {{"hcaHandles", 1}}}}}}, "linux.resources.rdma"},
      {"/linux/resources", json{{"cpu", {{"realtimeRuntime", 5}}}}, "realtimeRuntime"},
  }));
  auto config = document();
  if (std::string(pointer).starts_with("/mounts")) config["mounts"] = json::array({json()});
  config[json::json_pointer(pointer)] = value;
  const auto plan = parsed(config);
  REQUIRE(!plan);
  INFO(plan.error().message);
  CHECK(is_unsupported(plan.error()));
  CHECK_THAT(plan.error().message, test::contains(named));
  CHECK(unsupported(config.dump()) == plan.error().message);
}

TEST_CASE("what can never work is refused as such", "[native]") {
  const auto [pointer, value, said] = GENERATE(table<const char*, json, const char*>({
      {"/process/args", json::array(), "args must not be empty"},
      {"/process/cwd", "tmp", "absolute"},
      {"/process/args/0", std::string("a\0b", 3), "NUL"},
      {"/process/user/uid", -1, "process.user.uid"},
      {"/process/rlimits/0/type", "RLIMIT_NONE", "rlimits"},
      {"/linux/sysctl", json{{"kernel.panic", "1"}}, "not in a separate kernel namespace"},
      {"/linux/sysctl", json{{"net.core.somaxconn", "1"}}, "hosts network namespace"},
      {"/linux/sysctl", json{{"net.../../kernel.panic", "1"}}, "not a name"},
      {"/linux/seccomp", json{{"defaultAction", "SCMP_ACT_WHATEVER"}}, "no action"},
      {"/linux/uidMappings", json::parse(R"([{"containerID":0,"hostID":1,"size":1}])"), "user namespace"},
      {"/linux/resources", json{{"unified", {{"a/b", "1"}}}}, "name of a file"},
      {"/linux/resources", json::parse(R"({"devices":[{"allow":true,"access":"x"}]})"), "rwm"},
      {"/root/path", "", "root.path"},
      {"/linux/timeOffsets", json{{"boottime", {{"secs", 1}}}}, "new time namespace"},
      {"/process/ioPriority", json{{"class", "IOPRIO_CLASS_BE"}, {"priority", 8}}, "0 to 7"},
      {"/process/execCPUAffinity", json{{"final", "1-"}}, "process.execCPUAffinity.final"},
      {"/mounts", json::parse(R"([{"destination":"/t","type":"bind","source":"/","options":["idmap"]}])"),
       "idmap needs uidMappings"},
      {"/mounts", json::parse(R"([{"destination":"/t","type":"bind","source":"/","uidMappings":
        [{"containerID":0,"hostID":1,"size":1}]}])"),
       "both uidMappings and gidMappings"},
      {"/mounts", json::parse(R"([{"destination":"/t","type":"proc","options":["tmpcopyup"]}])"), "no tmpfs"},
  }));
  const auto plan = parsed(with(pointer, value));
  INFO(pointer << " " << value);
  REQUIRE(!plan);
  CHECK(!is_unsupported(plan.error()));
  CHECK_THAT(plan.error().message, test::contains(said));
}

TEST_CASE("mount options become attributes", "[native]") {
  const auto plan = parsed(with("/mounts", json::parse(R"([
    {"destination":"/a/../b/","type":"tmpfs","options":["nosuid","ro","rw","noatime","size=64k","mode=755"]},
    {"destination":"/c","type":"none","source":"/s","options":["bind","rro","shared","rw"]}])")));
  REQUIRE(plan);
  const auto& first = plan->mounts[0];
  CHECK(first.target == "/b");
  CHECK(first.set == (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOATIME));
  CHECK(first.data == std::vector<std::string>{"size=64k", "mode=755"});
  const auto& second = plan->mounts[1];
  CHECK(second.bind);
  CHECK(!second.recursive);
  CHECK(second.clear == MOUNT_ATTR_RDONLY);
  CHECK(second.rset == MOUNT_ATTR_RDONLY);
  CHECK(second.propagation == MS_SHARED);
}

TEST_CASE("what the schedulers are told", "[native]") {
  auto config = with("/process/scheduler", json::parse(R"({"policy":"SCHED_DEADLINE","nice":-3,"priority":4,
    "flags":["SCHED_FLAG_RECLAIM","SCHED_FLAG_RESET_ON_FORK"],"runtime":5,"deadline":6,"period":7})"));
  config["process"]["ioPriority"] = {{"class", "IOPRIO_CLASS_BE"}, {"priority", 5}};
  config["process"]["execCPUAffinity"] = {{"initial", "0-2,65"}, {"final", "3"}};
  const auto plan = parsed(config);
  REQUIRE(plan);
  const auto back = decode_container_plan(encode(*plan));
  REQUIRE(back);
  const auto& process = back->process;
  REQUIRE(process.scheduler);
  CHECK(process.scheduler->policy == 6);
  CHECK(process.scheduler->flags == 3);
  CHECK(process.scheduler->nice == -3);
  CHECK(process.scheduler->period == 7);
  CHECK(process.io_priority == (2 << 13 | 5));
  CHECK(process.cpus_before == std::vector<std::uint64_t>{7, 2});
  CHECK(process.cpus_after == std::vector<std::uint64_t>{8});
}

TEST_CASE("a seccomp object is compiled once", "[native]") {
  const auto* text = R"({"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86"],
    "syscalls":[{"names":["openat","no_such_call"],"action":"SCMP_ACT_ALLOW",
    "args":[{"index":1,"value":1,"op":"SCMP_CMP_EQ"},{"index":1,"value":2,"op":"SCMP_CMP_EQ"}]}]})";
  const auto once = compile_seccomp(text), again = compile_seccomp(text);
  REQUIRE(once);
  CHECK(once->program == again->program);
  CHECK(compile_seccomp("")->program.empty());
  CHECK(!compile_seccomp("{"));
}

TEST_CASE("names of signals and paths", "[native]") {
  CHECK(signal_number("SIGTERM") == 15);
  CHECK(signal_number("kill") == 9);
  CHECK(signal_number("1") == 1);
  CHECK(!signal_number("SIGNOPE"));
  CHECK(!signal_number("-1"));
  CHECK(clean_path("/a//./b/../c/") == "/a/c");
  CHECK(clean_path("../..") == "/");
}
