#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "messages/domain/error.hpp"
#include "runtime/spec/capabilities.hpp"
#include "runtime/spec/host_facts.hpp"

namespace gantry::spec {

/// The linux.seccomp member, as JSON text (runtime-spec config-linux.md, "Seccomp").
using seccomp_text = std::shared_ptr<const std::string>;

/// The profile of a container that names none: everything is refused with EPERM but what seccomp_table.cpp lists, by
/// capabilities, architecture and kernel. Kept per capability set that makes a difference: later calls cost a look-up.
/// Thread-safe.
seccomp_text default_seccomp(capability_set granted, const host_facts& facts);

/// A profile of the user's, in Docker's format (docs.docker.com, "Seccomp security profiles": archMap, names, includes,
/// excludes) or already in OCI's. At most 1 MiB. Errors: invalid_argument, naming what is wrong and where.
result<seccomp_text> seccomp_from_profile(std::string_view json, capability_set granted, const host_facts& facts);

inline constexpr std::size_t max_seccomp_profile = 1 << 20;

} // namespace gantry::spec
