#pragma once

#include <string>
#include <vector>

#include "messages/domain/error.hpp"
#include "runtime/native/container_plan.hpp"

/// What a process becomes before it executes its program. All act on the calling process, which has one thread.
namespace gantry::native {

/// oom_score_adj through `procfs` (open_procfs) and resource limits. Errors name the limit; denied when it rises over
/// the hard one without CAP_SYS_RESOURCE.
result<void> set_limits(const process_plan& plan);
result<void> set_oom_score(int procfs, pid_t pid, const process_plan& plan);
/// … of the caller, by a procfs that may count in another PID namespace than the caller's.
result<void> set_oom_score_of_self(int procfs, const process_plan& plan);

/// Labels for the next execve through `procfs`, a procfs of the process's own PID namespace. Errors:
/// failed_precondition when the host has not that security module.
result<void> set_labels(int procfs, const process_plan& plan);

/// Owner of 0, 1 and 2: the process's user, so that it can open /dev/stdout. What cannot be changed stays.
void own_stdio(const process_plan& plan);

/// Working directory, groups, user, capabilities, no_new_privs and filter, in the order that each needs. `before` runs
/// when only a late filter and execve are left: it finds the program and waits.
result<void> become(const process_plan& plan, const seccomp_plan& filter);

/// Loads the filter, if it is to be loaded late: with no_new_privs it can be, and then sees fewest calls.
enum class moment : std::uint8_t { with_privileges, last };
result<void> load_filter(const process_plan& plan, const seccomp_plan& filter, moment now);

/// args[0] as a path, found as execvp(3) would with the plan's PATH. Errors: runc's words, from which callers tell 127
/// from 126: "executable file not found in $PATH", "permission denied", "no such file or directory".
result<std::string> find_program(const process_plan& plan);

/// The plan's environment, with HOME from the root's /etc/passwd when it has none.
std::vector<std::string> environment_of(const process_plan& plan);

/// Closes all descriptors from `first` on but `kept` and `kept_too`, which become `first` and `first` + 1.
result<void> close_descriptors(int first, int& kept, int& kept_too);

} // namespace gantry::native
