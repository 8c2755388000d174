#pragma once

#include <optional>
#include <string>
#include <vector>

#include "messages/domain/error.hpp"
#include "runtime/native/cgroup_setup.hpp"
#include "runtime/native/container_plan.hpp"
#include "runtime/sys/unique_fd.hpp"

/// Makes the processes of containers, without a helper program and, but for hooks, without another process. The caller
/// has one thread. The child is a copy of it until it executes the program: it is made non-dumpable, and all
/// descriptors but those named here are closed before. It writes its failure to a pipe, so that the caller need not
/// wait.
namespace gantry::native {

/// Descriptors of the caller that the process gets. -1: what the caller has there.
struct launch_descriptors {
  int input = -1, output = -1, error_output = -1; ///< become 0, 1 and 2; not looked at with a terminal
  std::vector<int> extra;                         ///< become 3, 4, …
  int console_socket = -1;                        ///< connected; a terminal's master is sent over it, with one message
  int gate = -1; ///< the process waits before its program until a byte can be read here (OCI "create")
};

struct launch_options {
  std::string id, bundle;                  ///< for hooks and the keyring
  bool sibling = false;                    ///< CLONE_PARENT: the process is a child of the caller's parent
  bool new_keyring = true;                 ///< a session keyring of its own
  std::optional<int> niceness;             ///< none: the caller's
  const cgroup_handles* cgroups = nullptr; ///< joined before anything else; none: the caller's
  bool make_cgroups = false; ///< the init makes and joins `cgroup_path` itself (those needed): the caller need not wait
  std::string idle_cgroups;  ///< with `make_cgroups`: taken, if they still can be (cgroup_reuse.hpp)
  const cgroup::layout* host = nullptr; ///< for mounts of type cgroup
  std::string cgroup_path;              ///< as `make_cgroups` got it
};

/// A process on its way to its program.
struct started {
  pid_t pid = -1;
  sys::unique_fd pidfd;
  sys::unique_fd
      progress; ///< 'R': waits at the gate; 'E' and a sentence: failed, and is gone; end of file: it executes
};

/// True when launch_init has something to do while the child waits: ID maps to write, limits to set, hooks to run.
bool needs_caller(const container_plan& plan);

/// The init of a container: new and joined namespaces, root, mounts, terminal, everything of `plan.process`. Returns as
/// soon as the process exists (some 100 microseconds), but with user namespaces or prestart and createRuntime hooks
/// only when these are done. Errors: the errno's of clone3(2), pipe2(2); a hook's.
result<started> launch_init(const container_plan& plan, const launch_descriptors& descriptors,
                            const launch_options& options);

/// True for a container that joins users, where nothing else needs the caller: what has to be done with the host's
/// rights while the child waits can be done by a further process, so that the caller need not.
bool needs_attendant(const container_plan& plan);

/// As launch_init, for such a container: returns as soon as its init exists (some 500 microseconds). The process that
/// attends to it is its sibling, and ends by itself; whoever is the parent reaps it too.
result<started> launch_attended(const container_plan& plan, const launch_descriptors& descriptors,
                                const launch_options& options);

/// A running container, for `launch_exec`.
struct exec_target {
  int init = -1;                ///< pidfd of its init
  std::uint32_t namespaces = 0; ///< CLONE_NEW* that it does not share with the caller: those of its plan
};

/// A further process in a container: joins the namespaces of its init, and `options.cgroups`. `process` is like a
/// plan's; `filter` the container's. The gate works as above. Errors: as above.
result<started> launch_exec(const process_plan& process, const seccomp_plan& filter, const exec_target& target,
                            const launch_descriptors& descriptors, const launch_options& options);

/// Blocks until the program executes (nothing), or the process waits at its gate (nothing, when `until_gate`), or has
/// failed: the sentence, with errc::not_found for a program that does not exist and denied for one that may not be
/// executed. The process is then not reaped.
enum class wait_until : std::uint8_t { executing, at_gate };
result<void> wait_started(started& process, wait_until until = wait_until::executing);

/// As `wait_started`, of what was read of `progress` by a caller that does not block.
result<void> outcome_of(std::string_view progress);

} // namespace gantry::native
