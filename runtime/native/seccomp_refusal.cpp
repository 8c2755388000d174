#include "runtime/native/seccomp_refusal.hpp"

#include <linux/audit.h>
#include <seccomp.h>

#include <algorithm>
#include <array>

#include "runtime/native/seccomp_answer.hpp"

namespace gantry::native {
namespace {

struct machine {
  std::uint32_t known_as, audit; ///< by libseccomp, and by the kernel
};
constexpr std::array<machine, 5> callers = {{{SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64},
                                             {SCMP_ARCH_X86, AUDIT_ARCH_I386},
                                             {SCMP_ARCH_X32, AUDIT_ARCH_X86_64},
                                             {SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64},
                                             {SCMP_ARCH_ARM, AUDIT_ARCH_ARM}}};

bool is_refusal(std::uint32_t answer) {
  const auto action = answer & SECCOMP_RET_ACTION_FULL;
  return action == SECCOMP_RET_ERRNO || action == SECCOMP_RET_TRAP || action == SECCOMP_RET_KILL_THREAD ||
         action == SECCOMP_RET_KILL_PROCESS;
}

} // namespace

bool refuses(std::string_view filter, const char* call, std::initializer_list<std::uint64_t> first_arguments) {
  if (filter.empty()) return false;
  return std::all_of(callers.begin(), callers.end(), [&](const machine& one) {
    seccomp_data asked{};
    asked.nr = ::seccomp_syscall_resolve_name_arch(one.known_as, call);
    asked.arch = one.audit;
    if (asked.nr < 0) return true; // it has no such call
    return std::all_of(first_arguments.begin(), first_arguments.end(), [&](std::uint64_t argument) {
      asked.args[0] = argument;
      const auto answer = seccomp_answer(filter, asked);
      return answer && is_refusal(*answer);
    });
  });
}

} // namespace gantry::native
