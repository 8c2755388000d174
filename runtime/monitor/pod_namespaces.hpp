#pragma once

#include <unordered_map>
#include <vector>

#include "runtime/monitor/host_process.hpp"
#include "runtime/monitor/pod_plan.hpp"

namespace gantry::monitor {

/// The namespaces of pods that this monitor holds open, and their pause processes. But for these there is nothing on
/// the host to clean up: a namespace exists as long as a descriptor or a process holds it.
class pod_namespace_table {
public:
  explicit pod_namespace_table(job_queue& queue) : queue_(queue) {}

  /// Answers with pod_namespaces; at once for a pod that has them already. Errors: invalid_argument for what no
  /// namespace of the pod's own would hold; those of make_pod.
  void make(make_pod_namespaces what, responder respond);

  /// Kills its pause process and lets all go. Returns that process's cgroup, to be removed; empty without one.
  std::string drop(const key& sandbox);
  [[nodiscard]] std::vector<key> holders() const;
  [[nodiscard]] bool empty() const { return held_.empty(); }

private:
  struct pod {
    std::vector<std::pair<pod_handle, sys::unique_fd>> handles;
    std::int32_t pause_pid = 0;
    std::string cgroup;
  };
  static result<pod> take(int socket);
  static pod_namespaces paths_of(const pod& of);
  void made(const key& sandbox, const std::string& cgroup, int socket, const responder& respond);

  job_queue& queue_;
  std::unordered_map<key, pod> held_;
};

/// The same in the launcher's words.
std::vector<native::id_mapping> maps_of(const std::vector<id_range>& ranges);

/// Errors: invalid_argument.
result<void> check_pod(const make_pod_namespaces& what);

} // namespace gantry::monitor
