#pragma once

#include <string_view>

#include "messages/domain/error.hpp"
#include "runtime/native/container_plan.hpp"

namespace gantry::native {

/// Compiles a `linux.seccomp` object (runtime-spec config-linux.md, "Seccomp") for the kernel; empty text: no filter.
/// Calls that libseccomp does not know are left out. A call newer than every one that the filter names gets ENOSYS
/// rather than the default errno, so that a libc falls back to what it used before. The program is as short as we can
/// make it (seccomp_compact.hpp). The last 64 results are kept by their text. Thread-safe. Errors: invalid_argument;
/// is_unsupported for SCMP_ACT_NOTIFY and flags of listeners.
result<seccomp_plan> compile_seccomp(std::string_view seccomp_json);

/// The same as libseccomp writes it, not shortened and not kept; of no empty text.
result<seccomp_plan> translate_seccomp(std::string_view seccomp_json);

} // namespace gantry::native
