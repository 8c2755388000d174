#include "runtime/native/seccomp_filter.hpp"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>

#include "runtime/native/json_fields.hpp"
#include "runtime/native/seccomp_compact.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/unique_fd.hpp"

#ifndef SECCOMP_FILTER_FLAG_TSYNC
#define SECCOMP_FILTER_FLAG_TSYNC 1
#endif

namespace gantry::native {
namespace {

struct argument {
  std::uint32_t index = 0;
  std::uint64_t value = 0, value_two = 0;
  std::string op;
};

struct rule {
  std::vector<std::string> names;
  std::string action;
  std::optional<std::uint32_t> errno_value;
  std::vector<argument> arguments;
};

struct profile {
  std::string default_action;
  std::optional<std::uint32_t> default_errno;
  std::vector<std::string> architectures, flags;
  std::vector<rule> rules;
};

void read_argument(json_fields& in, dom::element value, argument& plan) {
  in.object(value, [&](std::string_view key, dom::element member) {
    if (key == "index") return in.get(member, plan.index), true;
    if (key == "value") return in.get(member, plan.value), true;
    if (key == "valueTwo") return in.get(member, plan.value_two), true;
    if (key == "op") return in.get(member, plan.op), true;
    return false;
  });
}

void read_rule(json_fields& in, dom::element value, rule& plan) {
  in.object(value, [&](std::string_view key, dom::element member) {
    if (key == "names") return in.get(member, plan.names), true;
    if (key == "action") return in.get(member, plan.action), true;
    if (key == "errnoRet") return in.get(member, plan.errno_value), true;
    if (key == "args")
      return in.list(member, [&](dom::element one) { read_argument(in, one, plan.arguments.emplace_back()); }), true;
    return false;
  });
}

void read_profile(json_fields& in, dom::element value, profile& plan) {
  in.object(value, [&](std::string_view key, dom::element member) {
    if (key == "defaultAction") return in.get(member, plan.default_action), true;
    if (key == "defaultErrnoRet") return in.get(member, plan.default_errno), true;
    if (key == "architectures") return in.get(member, plan.architectures), true;
    if (key == "flags") return in.get(member, plan.flags), true;
    if (key == "syscalls")
      return in.list(member, [&](dom::element one) { read_rule(in, one, plan.rules.emplace_back()); }), true;
    return false; // listenerPath, listenerMetadata
  });
}

result<std::uint32_t> action_of(const std::string& name, std::optional<std::uint32_t> errno_value) {
  const auto value = errno_value.value_or(EPERM);
  if (name == "SCMP_ACT_ALLOW") return SCMP_ACT_ALLOW;
  if (name == "SCMP_ACT_ERRNO") return SCMP_ACT_ERRNO(value & 0xffffU);
  if (name == "SCMP_ACT_KILL" || name == "SCMP_ACT_KILL_THREAD") return SCMP_ACT_KILL_THREAD;
  if (name == "SCMP_ACT_KILL_PROCESS") return SCMP_ACT_KILL_PROCESS;
  if (name == "SCMP_ACT_TRAP") return SCMP_ACT_TRAP;
  if (name == "SCMP_ACT_LOG") return SCMP_ACT_LOG;
  if (name == "SCMP_ACT_TRACE") return SCMP_ACT_TRACE(value & 0xffffU);
  if (name == "SCMP_ACT_NOTIFY")
    return tl::unexpected<error>(error{errc::failed_precondition,
                                       "the native launcher does not implement linux.seccomp action SCMP_ACT_NOTIFY",
                                       EOPNOTSUPP});
  return fail(errc::invalid_argument, "seccomp: \"{}\" is no action", name);
}

result<scmp_compare> comparison_of(const std::string& op) {
  struct known {
    const char* name;
    scmp_compare how;
  };
  constexpr std::array<known, 7> all = {{{"SCMP_CMP_NE", SCMP_CMP_NE},
                                         {"SCMP_CMP_LT", SCMP_CMP_LT},
                                         {"SCMP_CMP_LE", SCMP_CMP_LE},
                                         {"SCMP_CMP_EQ", SCMP_CMP_EQ},
                                         {"SCMP_CMP_GE", SCMP_CMP_GE},
                                         {"SCMP_CMP_GT", SCMP_CMP_GT},
                                         {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ}}};
  for (const auto& one : all)
    if (op == one.name) return one.how;
  return fail(errc::invalid_argument, "seccomp: \"{}\" is no comparison", op);
}

using filter = std::unique_ptr<void, void (*)(scmp_filter_ctx)>;

result<void> add_architectures(const profile& from, scmp_filter_ctx into) {
  for (auto name : from.architectures) {
    if (!name.starts_with("SCMP_ARCH_"))
      return fail(errc::invalid_argument, "seccomp: \"{}\" is no architecture", name);
    name.erase(0, std::strlen("SCMP_ARCH_"));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto token = ::seccomp_arch_resolve_name(name.c_str());
    if (token == 0) return fail(errc::invalid_argument, "seccomp: \"{}\" is no architecture", name);
    if (const int failed = ::seccomp_arch_add(into, token); failed != 0 && failed != -EEXIST)
      return fail_errno(-failed, "seccomp: architecture {}", name);
  }
  return {};
}

result<void> add_call(scmp_filter_ctx into, std::uint32_t action, int call,
                      const std::vector<scmp_arg_cmp>& arguments) {
  const int failed =
      ::seccomp_rule_add_array(into, action, call, static_cast<unsigned>(arguments.size()), arguments.data());
  // EINVAL, EDOM: not on this architecture.
  if (failed != 0 && failed != -EEXIST && failed != -EDOM && failed != -EFAULT)
    return fail_errno(-failed, "seccomp: rule for call {}", call);
  return {};
}

result<void> add_rule(const rule& from, std::uint32_t default_action, scmp_filter_ctx into) {
  GANTRY_LET(const auto action, action_of(from.action, from.errno_value));
  if (action == default_action) return {};
  std::vector<scmp_arg_cmp> arguments;
  std::array<int, 6> uses{};
  for (const auto& one : from.arguments) {
    GANTRY_LET(const auto how, comparison_of(one.op));
    if (one.index > 5) return fail(errc::invalid_argument, "seccomp: argument {} does not exist", one.index);
    ++uses[one.index];
    arguments.push_back({one.index, how, one.value, one.value_two});
  }
  // Two conditions on one argument: libseccomp takes one a rule, so any of them is enough (as in runc).
  const bool split = std::any_of(uses.begin(), uses.end(), [](int count) { return count > 1; });
  for (const auto& name : from.names) {
    const int call = ::seccomp_syscall_resolve_name(name.c_str());
    if (call == __NR_SCMP_ERROR) continue;
    if (!split) GANTRY_TRY(add_call(into, action, call, arguments));
    for (const auto& one : arguments)
      if (split) GANTRY_TRY(add_call(into, action, call, {one}));
  }
  return {};
}

result<std::string> exported(scmp_filter_ctx from) {
  const sys::unique_fd memory(::memfd_create("seccomp", MFD_CLOEXEC));
  if (!memory) return fail_errno(errno, "memfd_create");
  if (const int failed = ::seccomp_export_bpf(from, memory.get()); failed != 0)
    return fail_errno(-failed, "seccomp: compile the filter");
  ::lseek(memory.get(), 0, SEEK_SET);
  return sys::read_all(memory.get(), 1 << 20, "the filter");
}

/// The highest call of one architecture that the profile names; -1: none.
int highest_call(const profile& from, std::uint32_t architecture) {
  int highest = -1;
  for (const auto& one : from.rules)
    for (const auto& name : one.names)
      highest = std::max(highest, ::seccomp_syscall_resolve_name_arch(architecture, name.c_str()));
  return highest;
}

/// What stands before the filter: a call that is newer than the profile answers ENOSYS. Without it a new call that the
/// default refuses with EPERM would be taken by a libc for a refusal, and it would not fall back.
/// An architecture that the filter does not have is left to it: the process ends.
std::string newer_calls_stub(const profile& from, scmp_filter_ctx compiled) {
  struct known {
    std::uint32_t token, audit;
  };
  constexpr std::array<known, 4> machines = {{{SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64},
                                              {SCMP_ARCH_X86, AUDIT_ARCH_I386},
                                              {SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64},
                                              {SCMP_ARCH_ARM, AUDIT_ARCH_ARM}}};
  constexpr std::uint32_t x32_bit = 0x40000000;
  std::vector<sock_filter> code;
  const auto add = [&](sock_filter one) { code.push_back(one); };
  for (const auto& machine : machines) {
    if (::seccomp_arch_exist(compiled, machine.token) != 0) continue;
    const int highest = highest_call(from, machine.token);
    if (highest < 0) continue;
    // Six instructions an architecture; the jump over them when it is another one.
    add(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)));
    add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, machine.audit, 0, 4));
    add(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
    add(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, x32_bit, 2, 0));
    add(BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, static_cast<std::uint32_t>(highest), 0, 1));
    add(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
  }
  return {reinterpret_cast<const char*>(code.data()), code.size() * sizeof(sock_filter)};
}

result<std::uint32_t> flags_of(const profile& from) {
  std::uint32_t flags = 0;
  for (const auto& name : from.flags) {
    if (name == "SECCOMP_FILTER_FLAG_LOG")
      flags |= SECCOMP_FILTER_FLAG_LOG;
    else if (name == "SECCOMP_FILTER_FLAG_SPEC_ALLOW")
      flags |= SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    else if (name != "SECCOMP_FILTER_FLAG_TSYNC") // there is one thread
      return tl::unexpected<error>(error{
          errc::failed_precondition, "the native launcher does not implement linux.seccomp flag " + name, EOPNOTSUPP});
  }
  return flags;
}

result<seccomp_plan> compile(const profile& from) {
  seccomp_plan plan;
  GANTRY_LET(const auto otherwise, action_of(from.default_action, from.default_errno));
  GANTRY_LET(plan.flags, flags_of(from));
  const filter context(::seccomp_init(otherwise), &::seccomp_release);
  if (!context) return fail(errc::invalid_argument, "seccomp: libseccomp refuses {}", from.default_action);
  ::seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_NNP, 0);
  // A binary tree over the calls' numbers. The kernel runs a new filter once for every number there is, to learn which
  // it always lets through: a list that is searched from its begin makes that quadratic, and each start pays for it.
  ::seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  GANTRY_TRY(add_architectures(from, context.get()));
  for (const auto& one : from.rules) GANTRY_TRY(add_rule(one, otherwise, context.get()));
  GANTRY_LET(plan.program, exported(context.get()));
  const bool lets_through = otherwise == SCMP_ACT_ALLOW || otherwise == SCMP_ACT_LOG;
  if (!lets_through && otherwise != SCMP_ACT_ERRNO(ENOSYS))
    plan.program.insert(0, newer_calls_stub(from, context.get()));
  if (plan.program.size() / sizeof(sock_filter) > BPF_MAXINSNS)
    return fail(errc::invalid_argument, "seccomp: the filter is longer than the kernel's {} instructions",
                BPF_MAXINSNS);
  return plan;
}

/// Containers of an engine share few profiles; the bound is against a caller that makes a new one each time.
struct filter_cache {
  static constexpr std::size_t bound = 64;
  std::mutex lock;
  std::map<std::string, seccomp_plan, std::less<>> plans;
};

} // namespace

result<seccomp_plan> translate_seccomp(std::string_view seccomp_json) {
  simdjson::dom::parser parser;
  dom::element document;
  if (parser.parse(seccomp_json.data(), seccomp_json.size()).get(document) != simdjson::SUCCESS)
    return fail(errc::invalid_argument, "seccomp: not JSON");
  json_fields in;
  profile read;
  read_profile(in, document, read);
  if (auto outcome = in.outcome(); !outcome) return within(outcome.error(), "linux.seccomp");
  return compile(read);
}

result<seccomp_plan> compile_seccomp(std::string_view seccomp_json) {
  if (seccomp_json.empty()) return seccomp_plan{};
  static filter_cache cache;
  const std::lock_guard hold(cache.lock);
  if (const auto found = cache.plans.find(seccomp_json); found != cache.plans.end()) return found->second;
  GANTRY_LET(auto plan, translate_seccomp(seccomp_json));
  plan.program = compact_seccomp(std::move(plan.program));
  if (cache.plans.size() >= filter_cache::bound) cache.plans.clear();
  cache.plans.emplace(seccomp_json, plan);
  return plan;
}

} // namespace gantry::native
