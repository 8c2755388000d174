#pragma once

#include "messages/domain/error.hpp"

namespace gantry::oci_program {

/// Makes sure that a container cannot write to this program's file through /proc/<pid>/exe (CVE-2019-5736): when it was
/// not run from a read-only mount, it executes itself again from a detached, read-only copy of its mount, or where the
/// kernel has no such mounts, from a sealed copy in memory. Returns when it is safe.
result<void> protect_own_file(char** argv);

} // namespace gantry::oci_program
