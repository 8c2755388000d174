#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/spec/host_facts.hpp"

namespace gantry::spec::seccomp {

/// What a rule does with the calls that it names.
enum class verdict : std::uint8_t { allow, no_such_call }; ///< no_such_call: ENOSYS, so that libc falls back

/// One condition on an argument, as libseccomp has it (seccomp_rule_add(3)).
struct condition {
  enum class comparison : std::uint8_t { equal, not_equal, masked_equal };
  std::uint32_t argument = 0;
  comparison how = comparison::equal;
  std::uint64_t value = 0; ///< masked_equal: the mask
  std::uint64_t other = 0; ///< masked_equal: what the masked argument must be
};

/// One line of the default profile.
struct rule {
  std::string_view calls; ///< names, separated by spaces
  verdict then = verdict::allow;
  std::optional<condition> only_if;
  int needs_capability = -1;      ///< applies only to containers that have it
  int unless_capability = -1;     ///< … or only to those that lack it
  std::string_view architectures; ///< Go's names, separated by spaces; empty: all
  std::string_view not_architectures;
  kernel_version since; ///< applies from this kernel on
};

/// The default profile; what no rule allows is refused with EPERM.
std::span<const rule> default_rules();

/// A Go architecture's name as libseccomp's tokens, the native one first, then those whose programs it runs too.
/// Empty for an architecture that is not known.
std::span<const std::string_view> architectures_of(std::string_view go_architecture);

/// Whether any of `architectures` (tokens) has the call, as far as this host's libseccomp knows.
bool known(const std::string& call, std::span<const std::string_view> architectures);

} // namespace gantry::spec::seccomp
