#include "tests/catch.hpp"

#include <algorithm>

#include "runtime/spec/seccomp.hpp"
#include "tests/runtime/spec/fixture.hpp"

using namespace gantry;
using gantry::test::contains;
using gantry::test::json;

namespace {

constexpr std::uint64_t sys_admin = std::uint64_t{1} << 21;

json profile_for(spec::capability_set set, const spec::host_facts& facts = test::plain_host()) {
  return json::parse(*spec::default_seccomp(set, facts));
}

/// The actions of all rules that name `call` without a condition on its arguments.
std::vector<std::string> verdicts(const json& profile, const std::string& call) {
  std::vector<std::string> found;
  for (const auto& rule : profile["syscalls"])
    if (std::find(rule["names"].begin(), rule["names"].end(), call) != rule["names"].end())
      found.push_back(rule["action"].get<std::string>() + (rule.contains("args") ? "?" : ""));
  return found;
}
using words = std::vector<std::string>;

result<json> convert(std::string_view text, spec::capability_set set = 0) {
  auto made = spec::seccomp_from_profile(text, set, test::plain_host());
  if (!made) return tl::unexpected<error>(made.error());
  return json::parse(**made);
}

} // namespace

TEST_CASE("the default profile refuses what it does not name") {
  const auto profile = profile_for(spec::default_capabilities());
  CHECK(profile["defaultAction"] == "SCMP_ACT_ERRNO");
  CHECK(profile["defaultErrnoRet"] == 1);
  for (const auto* call : {"unshare",
                           "setns",
                           "mount",
                           "umount2",
                           "bpf",
                           "perf_event_open",
                           "keyctl",
                           "add_key",
                           "request_key",
                           "kexec_load",
                           "io_uring_setup",
                           "io_uring_enter",
                           "io_uring_register",
                           "userfaultfd",
                           "open_by_handle_at",
                           "init_module",
                           "reboot",
                           "swapon",
                           "pivot_root",
                           "move_pages",
                           "nfsservctl",
                           "fsopen",
                           "quotactl",
                           "acct",
                           "settimeofday",
                           "iopl",
                           "kcmp",
                           "lookup_dcookie",
                           "vm86",
                           "uselib",
                           "ustat",
                           "sysfs",
                           "_sysctl"}) {
    INFO(call);
    CHECK(verdicts(profile, call).empty());
  }
  for (const auto* call : {"read", "openat2", "execve", "ptrace", "chroot", "statx", "clock_gettime64", "futex_time64",
                           "socketcall", "landlock_create_ruleset", "arch_prctl", "epoll_pwait2"}) {
    INFO(call);
    CHECK(verdicts(profile, call) == words{"SCMP_ACT_ALLOW"});
  }
}

TEST_CASE("clone may not make namespaces, and clone3 sends libc to clone") {
  const auto plain = profile_for(spec::default_capabilities());
  CHECK(verdicts(plain, "clone") == words{"SCMP_ACT_ALLOW?"});
  CHECK(verdicts(plain, "clone3") == words{"SCMP_ACT_ERRNO"});
  CHECK(verdicts(plain, "socket") == words{"SCMP_ACT_ALLOW?"});
  CHECK(verdicts(plain, "personality").size() == 5);
  const auto admin = profile_for(spec::default_capabilities() | sys_admin);
  CHECK(verdicts(admin, "clone") == words{"SCMP_ACT_ALLOW"});
  CHECK(verdicts(admin, "clone3") == words{"SCMP_ACT_ALLOW"});
  CHECK(verdicts(admin, "mount") == words{"SCMP_ACT_ALLOW"});
}

TEST_CASE("architectures and kernels decide too") {
  auto facts = test::plain_host();
  CHECK(profile_for(0)["architectures"] == json({"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"}));
  facts.architecture = "arm64";
  const auto arm = profile_for(0, facts);
  CHECK(arm["architectures"] == json({"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"}));
  CHECK(verdicts(arm, "arch_prctl").empty());
  CHECK(verdicts(arm, "cacheflush") == words{"SCMP_ACT_ALLOW"});
  facts.architecture = "s390x";
  const auto swapped = profile_for(0, facts);
  for (const auto& rule : swapped["syscalls"])
    if (rule["names"][0] == "clone") CHECK(rule["args"][0]["index"] == 1);
  facts = test::plain_host();
  facts.kernel = {4, 7};
  CHECK(verdicts(profile_for(0, facts), "ptrace").empty());
}

TEST_CASE("capabilities that make no difference share a profile") {
  const auto facts = test::plain_host();
  CHECK(spec::default_seccomp(1, facts) == spec::default_seccomp(0, facts));
  CHECK(spec::default_seccomp(sys_admin, facts) != spec::default_seccomp(0, facts));
}

TEST_CASE("a profile in Docker's format is converted") {
  const auto text = R"({"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":1,
    "archMap":[{"architecture":"SCMP_ARCH_X86_64","subArchitectures":["SCMP_ARCH_X86"]},
               {"architecture":"SCMP_ARCH_AARCH64","subArchitectures":["SCMP_ARCH_ARM"]}],
    "syscalls":[{"names":["read","write"],"action":"SCMP_ACT_ALLOW"},
      {"name":"bpf","action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN"]}},
      {"names":["clone3"],"action":"SCMP_ACT_ERRNO","errnoRet":38,"excludes":{"caps":["CAP_SYS_ADMIN"]}},
      {"names":["swapcontext"],"action":"SCMP_ACT_ALLOW","includes":{"arches":["ppc64le"]}},
      {"names":["ptrace"],"action":"SCMP_ACT_ALLOW","includes":{"minKernel":"99.1"}},
      {"names":["socket"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":40,"op":"SCMP_CMP_NE"}]}]})";
  const auto plain = convert(text);
  REQUIRE(plain);
  CHECK((*plain)["architectures"] == json({"SCMP_ARCH_X86_64", "SCMP_ARCH_X86"}));
  CHECK((*plain)["syscalls"].size() == 3);
  CHECK((*plain)["syscalls"][1]["errnoRet"] == 38);
  CHECK((*convert(text, sys_admin))["syscalls"][1]["names"][0] == "bpf");
}

TEST_CASE("a profile that cannot be is refused, saying what is wrong") {
  const auto why = [](std::string_view text) { return convert(text).error().message; };
  CHECK_THAT(why("{"), contains("not JSON"));
  CHECK_THAT(why("[]"), contains("object"));
  CHECK_THAT(why("{}"), contains("defaultAction"));
  CHECK_THAT(why(R"({"defaultAction":"SCMP_ACT_WISH"})"), contains("no action"));
  CHECK_THAT(why(R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"action":"SCMP_ACT_ERRNO"}]})"), contains("names"));
  CHECK_THAT(why(R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["a"],"action":"SCMP_ACT_ERRNO",
    "args":[{"index":9,"value":1,"op":"SCMP_CMP_EQ"}]}]})"),
             contains("0 to 5"));
  CHECK_THAT(why(std::string(spec::max_seccomp_profile + 1, ' ')), contains("1 MiB"));
}
