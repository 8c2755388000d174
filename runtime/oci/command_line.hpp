#pragma once

#include <string>
#include <vector>

#include "runtime/monitor/protocol/messages.hpp"

/// The command lines that every OCI runtime understands (runc's, which crun and youki follow). Pure functions.
namespace gantry::oci {

/// Files and names that one invocation uses. Empty ones are left out.
struct invocation {
  std::string id;
  std::string log;            ///< --log, in JSON
  std::string bundle;         ///< run
  std::string pid_file;       ///< run, exec
  std::string console_socket; ///< run, exec: the terminal's master is sent there
  std::string process;        ///< exec: file of the runtime-spec's `process`
};

/// Creates and starts a container and returns when its init executes the program.
std::vector<std::string> run_argv(const monitor::runtime_command& runtime, const invocation& with);
/// Starts another process in a running container and returns when it executes.
std::vector<std::string> exec_argv(const monitor::runtime_command& runtime, const invocation& with);
/// A signal to every process of the container.
std::vector<std::string> kill_all_argv(const monitor::runtime_command& runtime, const invocation& with, int signal);
/// `force` kills what still runs (runc then sleeps 100 ms) and takes an absent container for success.
enum class removal { of_stopped, force };
std::vector<std::string> delete_argv(const monitor::runtime_command& runtime, const invocation& with, removal how);
std::vector<std::string> pause_argv(const monitor::runtime_command& runtime, const invocation& with);
std::vector<std::string> resume_argv(const monitor::runtime_command& runtime, const invocation& with);
/// Writes other limits: linux.resources, from its standard input.
std::vector<std::string> update_argv(const monitor::runtime_command& runtime, const invocation& with);

/// True for crun, which (1.8) refuses a host of cgroups v1 that has the v2 hierarchy mounted too ("hybrid"): it must
/// be run where /sys/fs/cgroup/unified is not mounted.
bool refuses_hybrid_cgroups(const monitor::runtime_command& runtime);

} // namespace gantry::oci
