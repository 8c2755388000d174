#pragma once

#include <fcntl.h>

#include "messages/domain/error.hpp"
#include "runtime/sys/unique_fd.hpp"

namespace gantry::sys {

/// The seals of a file in memory that nobody can change any more.
inline constexpr int all_seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

/// Gives a memfd all seals (fcntl(2), "File Sealing"). While somebody else holds a page of it or has it mapped for
/// writing, the kernel answers EBUSY: a fork that has not executed yet, or a page on its way through another
/// processor's lists. That passes, so it is waited for, at most about two seconds. Errors: the errno's.
result<void> seal(int memory);

/// A copy of the program file `program` in memory, sealed: neither an upgrade on disk nor a container that got hold of
/// /proc/<pid>/exe changes what runs from it. `name` is what /proc shows it as. Errors: the errno's.
result<unique_fd> sealed_copy(int program, const char* name);

} // namespace gantry::sys
