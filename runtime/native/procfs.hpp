#pragma once

#include <string>
#include <string_view>

#include "messages/domain/error.hpp"
#include "runtime/sys/unique_fd.hpp"

/// Writes below /proc that a container must not be able to lead elsewhere, by a mount over a file of it or by a /proc
/// that is no procfs.
namespace gantry::native {

/// The caller's /proc, checked to be a procfs (fstatfs(2)). Errors: failed_precondition.
result<sys::unique_fd> open_procfs();
/// The number that the caller has in it: another than getpid(2)'s where it is of another PID namespace.
result<std::string> own_name_in(int procfs);
/// A procfs of the caller's PID namespace that is mounted nowhere (fsmount(2)). Errors: the errno's.
result<sys::unique_fd> detached_procfs();
/// Writes `value` to `name` below the procfs, through neither symlinks nor mounts. Errors: the errno's, naming it.
result<void> write_below(int procfs, const std::string& name, std::string_view value);

} // namespace gantry::native
