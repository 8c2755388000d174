#pragma once

#include <unordered_map>
#include <vector>

#include "runtime/monitor/host_process.hpp"

namespace gantry::monitor {

/// By which other processes of the host open a namespace that this monitor holds.
std::string path_of(const sys::unique_fd& network);

/// The network namespaces that this monitor holds open, one per sandbox. They exist as long as a descriptor or a
/// process holds them: there is nothing on the host to clean up.
class network_namespaces {
public:
  explicit network_namespaces(job_queue& queue) : queue_(queue) {}

  void make(const key& sandbox, responder respond);
  void drop(const key& sandbox) { held_.erase(sandbox); }
  [[nodiscard]] std::vector<key> holders() const;
  [[nodiscard]] bool empty() const { return held_.empty(); }

private:
  void made(const key& sandbox, int socket, job_end how, const std::string& printed, const responder& respond);

  job_queue& queue_;
  std::unordered_map<key, sys::unique_fd> held_;
};

} // namespace gantry::monitor
