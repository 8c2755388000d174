#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <set>

#include "runtime/native/seccomp_filter.hpp"
#include "runtime/spec/seccomp.hpp"
#include "tests/catch.hpp"
#include "tests/runtime/spec/fixture.hpp"

using namespace gantry;

namespace {

struct decision {
  std::uint32_t action = 0;
  std::size_t steps = 0; ///< instructions until it was made
};

std::uint32_t loaded(const seccomp_data& call, std::uint32_t offset) {
  REQUIRE(offset + 4 <= sizeof call);
  std::uint32_t word = 0;
  std::memcpy(&word, reinterpret_cast<const char*>(&call) + offset, sizeof word);
  return word;
}

bool jumps(const sock_filter& at, std::uint32_t accumulator) {
  switch (BPF_OP(at.code)) {
  case BPF_JEQ:
    return accumulator == at.k;
  case BPF_JGT:
    return accumulator > at.k;
  case BPF_JGE:
    return accumulator >= at.k;
  default:
    REQUIRE(BPF_OP(at.code) == BPF_JSET);
    return (accumulator & at.k) != 0;
  }
}

/// What the kernel does with `call` under this filter: the instructions of classic BPF that libseccomp makes.
decision run(const std::vector<sock_filter>& filter, const seccomp_data& call) {
  std::uint32_t accumulator = 0;
  decision made;
  for (std::size_t at = 0; at < filter.size(); ++at) {
    const auto& one = filter[at];
    ++made.steps;
    if (one.code == (BPF_LD | BPF_W | BPF_ABS))
      accumulator = loaded(call, one.k);
    else if (one.code == (BPF_ALU | BPF_AND | BPF_K))
      accumulator &= one.k;
    else if (one.code == (BPF_JMP | BPF_JA))
      at += one.k;
    else if (BPF_CLASS(one.code) == BPF_JMP)
      at += jumps(one, accumulator) ? one.jt : one.jf;
    else if (one.code == (BPF_RET | BPF_K))
      return made.action = one.k, made;
    else
      FAIL("instruction " << one.code);
  }
  FAIL("the filter has no end");
  return made;
}

std::vector<sock_filter> compiled(const test::json& profile) {
  const auto plan = native::compile_seccomp(profile.dump());
  INFO((plan ? std::string() : plan.error().message));
  REQUIRE(plan);
  std::vector<sock_filter> filter(plan->program.size() / sizeof(sock_filter));
  std::memcpy(filter.data(), plan->program.data(), plan->program.size());
  return filter;
}

struct machine {
  const char* name;
  std::uint32_t token, audit, first_call;
  bool wide; ///< arguments of 64 bits
  bool stub; ///< calls newer than the profile get ENOSYS here
};
constexpr std::array<machine, 5> machines = {
    {{"SCMP_ARCH_X86_64", SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64, 0, true, true},
     {"SCMP_ARCH_X86", SCMP_ARCH_X86, AUDIT_ARCH_I386, 0, false, true},
     {"SCMP_ARCH_X32", SCMP_ARCH_X32, AUDIT_ARCH_X86_64, 0x40000000, false, false},
     {"SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64, 0, true, true},
     {"SCMP_ARCH_S390X", SCMP_ARCH_S390X, AUDIT_ARCH_S390X, 0, true, false}}};
constexpr std::uint32_t last_call = 600;

std::string call_name(const machine& on, std::uint32_t number) {
  const std::unique_ptr<char, void (*)(void*)> name(
      ::seccomp_syscall_resolve_num_arch(on.token, static_cast<int>(number)), &std::free);
  return name ? name.get() : "";
}

bool names(const test::json& rule, const std::string& call) {
  return std::find(rule["names"].begin(), rule["names"].end(), call) != rule["names"].end();
}

std::uint32_t action_of(const test::json& named, const char* member, const char* errno_member) {
  static const std::map<std::string, std::uint32_t> plain = {{"SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW},
                                                             {"SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD},
                                                             {"SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS},
                                                             {"SCMP_ACT_TRAP", SECCOMP_RET_TRAP},
                                                             {"SCMP_ACT_LOG", SECCOMP_RET_LOG}};
  const auto name = named.at(member).get<std::string>();
  if (name == "SCMP_ACT_ERRNO") return SECCOMP_RET_ERRNO | named.value(errno_member, static_cast<std::uint32_t>(EPERM));
  return plain.at(name);
}

bool holds(const test::json& condition, const seccomp_data& call, const machine& on) {
  const auto mask = on.wide ? ~std::uint64_t{0} : std::uint64_t{0xffffffff};
  const auto argument = call.args[condition["index"].get<std::size_t>()] & mask;
  const auto value = condition["value"].get<std::uint64_t>() & mask;
  const auto op = condition["op"].get<std::string>();
  if (op == "SCMP_CMP_EQ") return argument == value;
  if (op == "SCMP_CMP_NE") return argument != value;
  if (op == "SCMP_CMP_LT") return argument < value;
  if (op == "SCMP_CMP_LE") return argument <= value;
  if (op == "SCMP_CMP_GT") return argument > value;
  if (op == "SCMP_CMP_GE") return argument >= value;
  REQUIRE(op == "SCMP_CMP_MASKED_EQ");
  return (argument & value) == (condition["valueTwo"].get<std::uint64_t>() & mask);
}

/// All conditions, but for several on one argument, of which one is enough (as in runc).
bool applies(const test::json& rule, const seccomp_data& call, const machine& on) {
  if (!rule.contains("args")) return true;
  const auto& args = rule["args"];
  std::set<int> indices;
  for (const auto& one : args) indices.insert(one["index"].get<int>());
  const auto good = [&](const test::json& one) { return holds(one, call, on); };
  return indices.size() == args.size() ? std::all_of(args.begin(), args.end(), good)
                                       : std::any_of(args.begin(), args.end(), good);
}

/// The answer that the profile's own words give; fails the test when two rules contradict each other.
std::uint32_t expected(const test::json& profile, const seccomp_data& call, const std::string& name,
                       const machine& on) {
  std::set<std::uint32_t> answers;
  for (const auto& rule : profile["syscalls"])
    if (names(rule, name) && applies(rule, call, on)) answers.insert(action_of(rule, "action", "errnoRet"));
  REQUIRE(answers.size() <= 1);
  return answers.empty() ? action_of(profile, "defaultAction", "defaultErrnoRet") : *answers.begin();
}

/// Values on both sides of every condition that the profile has on this call, by argument.
std::map<std::size_t, std::set<std::uint64_t>> edges(const test::json& profile, const std::string& name) {
  std::map<std::size_t, std::set<std::uint64_t>> found;
  for (const auto& rule : profile["syscalls"]) {
    if (!names(rule, name) || !rule.contains("args")) continue;
    for (const auto& one : rule["args"]) {
      auto& values = found[one["index"].get<std::size_t>()];
      for (const auto value : {one["value"].get<std::uint64_t>(), one.value("valueTwo", std::uint64_t{0})})
        for (const auto near : {value, value + 1, value - 1, ~value, value ^ (std::uint64_t{1} << 32), value << 32})
          values.insert(near);
      values.insert({0, 1, 0x80000000, ~std::uint64_t{0}});
    }
  }
  return found;
}

/// Calls `visit` with every combination of those values in the arguments.
template<class Visit>
void each_argument(const std::map<std::size_t, std::set<std::uint64_t>>& values, seccomp_data call, Visit visit) {
  auto rest = values;
  if (rest.empty()) return visit(call);
  const auto first = rest.extract(rest.begin());
  for (const auto value : first.mapped()) {
    call.args[first.key()] = value;
    each_argument(rest, call, visit);
  }
}

/// The highest call that the profile names, as the filter must see it; -1: none.
int highest(const test::json& profile, const machine& on) {
  int found = -1;
  for (std::uint32_t number = 0; number < last_call; ++number)
    for (const auto& rule : profile["syscalls"])
      if (const auto name = call_name(on, number); !name.empty() && names(rule, name))
        found = std::max(found, static_cast<int>(number));
  return found;
}

/// Every call of one architecture, with every argument that matters: as many instructions as the longest took.
std::size_t check_calls(const test::json& profile, const std::vector<sock_filter>& filter, const machine& on) {
  const auto& listed = profile["architectures"];
  const bool known = std::find(listed.begin(), listed.end(), on.name) != listed.end();
  const auto otherwise = action_of(profile, "defaultAction", "defaultErrnoRet");
  const bool stub = on.stub && otherwise != SECCOMP_RET_ALLOW && otherwise != SECCOMP_RET_LOG;
  const int newest = stub && known ? highest(profile, on) : -1;
  std::size_t steps = 0;
  for (std::uint32_t number = 0; number < last_call; ++number) {
    seccomp_data call{};
    call.nr = static_cast<int>(on.first_call + number);
    call.arch = on.audit;
    const auto name = call_name(on, on.first_call + number);
    each_argument(edges(profile, name), call, [&](const seccomp_data& one) {
      const auto made = run(filter, one);
      steps = std::max(steps, made.steps);
      auto wanted = known ? expected(profile, one, name, on) : SECCOMP_RET_KILL_THREAD;
      if (newest >= 0 && static_cast<int>(number) > newest) wanted = SECCOMP_RET_ERRNO | ENOSYS;
      if (made.action == wanted) return;
      CAPTURE(on.name, number, name, one.args[0], one.args[1], one.args[2], one.args[3], one.args[4], one.args[5]);
      CHECK(made.action == wanted);
    });
  }
  return steps;
}

/// The most instructions that a call took on the first architecture of the profile.
std::size_t check_profile(const test::json& profile) {
  const auto filter = compiled(profile);
  std::size_t steps = 0;
  for (const auto& on : machines) {
    const auto most = check_calls(profile, filter, on);
    if (profile["architectures"][0] == on.name) steps = most;
  }
  return steps;
}

test::json condition(int index, const char* op, std::uint64_t value, std::uint64_t other = 0) {
  return {{"index", index}, {"op", op}, {"value", value}, {"valueTwo", other}};
}

// Vectors: of one value in braces nlohmann makes a copy of it or a list, as the compiler has it.
using list = std::vector<test::json>;

test::json rule(std::vector<std::string> calls, const char* action, const list& conditions = {}) {
  test::json made = {{"names", std::move(calls)}, {"action", action}};
  if (!conditions.empty()) made["args"] = conditions;
  return made;
}

test::json profile_of(const char* otherwise, const list& rules) {
  return {{"defaultAction", otherwise},
          {"architectures", {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"}},
          {"syscalls", rules}};
}

} // namespace

TEST_CASE("the compiled filter decides as the default profile says", "[native]") {
  constexpr spec::capability_set sys_admin = std::uint64_t{1} << 21;
  for (const auto set : {spec::default_capabilities(), spec::default_capabilities() | sys_admin, ~std::uint64_t{0}})
    check_profile(test::json::parse(*spec::default_seccomp(set, test::plain_host())));
}

TEST_CASE("no call of the default profile takes the filter long", "[native]") {
  // The kernel runs a new filter once for each call's number, so this counts that many times at each start.
  const auto steps =
      check_profile(test::json::parse(*spec::default_seccomp(spec::default_capabilities(), test::plain_host())));
  CHECK(steps < 32);
}

TEST_CASE("the compiled filter decides as a profile's conditions say", "[native]") {
  list rules = {
      rule({"mkdir", "rmdir", "renameat2"}, "SCMP_ACT_ERRNO"),
      rule({"ptrace"}, "SCMP_ACT_KILL_PROCESS"),
      rule({"personality"}, "SCMP_ACT_TRAP", {condition(0, "SCMP_CMP_GT", 8)}),
      rule({"ioctl"}, "SCMP_ACT_ERRNO", {condition(1, "SCMP_CMP_EQ", 0x5412)}),
      rule({"clone"}, "SCMP_ACT_KILL", {condition(0, "SCMP_CMP_MASKED_EQ", 0x7e020000, 0x10000000)}),
      rule({"prctl"}, "SCMP_ACT_LOG", {condition(0, "SCMP_CMP_EQ", 4), condition(1, "SCMP_CMP_NE", 1)}),
      rule({"fcntl"}, "SCMP_ACT_ERRNO", {condition(1, "SCMP_CMP_LT", 2), condition(1, "SCMP_CMP_EQ", 1030)}),
      rule({"lseek"}, "SCMP_ACT_ERRNO", {condition(1, "SCMP_CMP_GE", std::uint64_t{3} << 32)}),
      rule({"dup3"}, "SCMP_ACT_ERRNO", {condition(2, "SCMP_CMP_LE", 7)}),
  };
  rules[0]["errnoRet"] = EROFS;
  // A 32-bit architecture sees only half of lseek's condition, which means nothing there.
  auto wide = profile_of("SCMP_ACT_ALLOW", rules);
  wide["architectures"] = test::json::array({"SCMP_ARCH_X86_64"});
  check_profile(wide);
  rules.erase(rules.begin() + 7);
  check_profile(profile_of("SCMP_ACT_ALLOW", rules));
  rules.erase(rules.begin() + 5); // LOG and the errnos let a refusing default through where a rule says so
  check_profile(profile_of("SCMP_ACT_KILL_PROCESS", rules));
}

TEST_CASE("a profile of few calls is a filter too", "[native]") {
  check_profile(profile_of("SCMP_ACT_ALLOW", {}));
  check_profile(profile_of("SCMP_ACT_ERRNO", {}));
  check_profile(profile_of("SCMP_ACT_ERRNO", {rule({"read"}, "SCMP_ACT_ALLOW")}));
  check_profile(profile_of("SCMP_ACT_ERRNO", {rule({"read", "write"}, "SCMP_ACT_ALLOW")}));
  check_profile(profile_of("SCMP_ACT_ERRNO", {rule({"no_such_call"}, "SCMP_ACT_ALLOW")}));
}
