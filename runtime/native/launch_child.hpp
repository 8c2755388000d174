#pragma once

#include "runtime/native/joined_namespaces.hpp"
#include "runtime/native/launch.hpp"

/// Between clone3 and execve. Shared by the two kinds of process.
namespace gantry::native {

/// The pipes between the two sides. Move-only; each side closes the other's ends.
struct launch_pipes {
  sys::unique_fd progress_read, progress_write;
  sys::unique_fd go_read, go_write; ///< from the caller, where it has something to do first
};
/// Errors: the errno's of pipe2(2).
result<launch_pipes> make_pipes(bool with_go);

/// Everything that the child's side works on. References to the caller's memory, copied by clone3.
struct child_context {
  const process_plan& process;
  const seccomp_plan& filter;
  const launch_descriptors& descriptors;
  const launch_options& options;
  launch_pipes& pipes;
  int& progress; ///< where the write end of the progress pipe is
};

/// clone3 with `flags`; into the v2 cgroup where there is one. In the child it returns pid 0.
result<started> clone_process(std::uint64_t flags, const launch_options& options);

/// As clone_process, by way of a process that joins `joined` first: a container with a user namespace, be it joined or
/// new, has not the rights to join others, and what it makes must belong to it. With `sibling` the process between is
/// one too: the caller's parent reaps both. Errors also: those of setns(2).
result<started> clone_through_stage(std::uint64_t flags, const std::vector<opened_namespace>& joined,
                                    const launch_options& options);

/// Non-dumpable, a session of its own, no signal blocked or ignored.
void leave_caller();
/// Into the v1 cgroups.
result<void> join_cgroups(const launch_options& options);
/// As launch_options::make_cgroups says.
result<void> make_own_cgroups(const launch_options& options, const resource_plan& resources);
/// 0, 1, 2 and the extra ones in their places. The others move above them.
result<void> place_descriptors(const child_context& child, int& gate);
/// A new session keyring, so that the container does not have the host's (keyrings(7)).
result<void> join_keyring(const launch_options& options);
/// Waits at the gate, runs `before_program` and executes. Returns only with an error.
result<void> execute(const child_context& child, int gate, const std::vector<hook>* start_hooks,
                     const std::string& state_json);
/// Tells the caller why and ends the process.
[[noreturn]] void give_up(int progress, const error& why);

} // namespace gantry::native
