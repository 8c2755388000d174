#pragma once

#include <string>

#include "runtime/spec/seccomp.hpp"
#include "runtime/spec/spec.hpp"

/// --security-opt. Internal to runtime/spec.
namespace gantry::spec {

struct security_options {
  enum class filter { engine, unconfined, document };
  bool no_new_privileges = false;
  bool paths_unconfined = false; ///< systempaths=unconfined: nothing masked, nothing made read-only
  filter seccomp = filter::engine;
  std::string seccomp_document;
  std::string apparmor_profile, selinux_label; ///< empty: none
};

/// Errors: invalid_argument for an unknown option, denied for a module that this host does not have.
result<security_options> parse_security(const spec_input& input);

/// linux.seccomp's text; null when the container runs without a filter. Errors: as seccomp_from_profile, and denied
/// when a profile was asked for and the kernel has no seccomp.
result<seccomp_text> choose_seccomp(const security_options& options, capability_set granted, const spec_input& input);

} // namespace gantry::spec
