#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/error.hpp"

namespace gantry::cgroup {

/// How the host's control groups are laid out (cgroups(7)).
enum class mode : std::uint8_t {
  none,   ///< not mounted
  v1,     ///< one hierarchy per controller
  hybrid, ///< as v1, with a cgroup2 hierarchy at `unified` that has the controllers no v1 hierarchy took
  v2,     ///< one hierarchy for all
};
std::string_view to_string(mode m);

/// Who makes the cgroups of containers: the engine itself, or systemd at its request.
enum class driver : std::uint8_t { cgroupfs, systemd };
std::string_view to_string(driver d);

/// Where the hierarchies are mounted. Immutable once read; copy it freely.
struct layout {
  mode how = mode::none;
  std::string root = "/sys/fs/cgroup";
  std::map<std::string, std::string> folders; ///< v1, hybrid: controller ("memory", "cpu", …) to its mount point
  std::string unified;                        ///< the cgroup2 mount point; empty in mode v1
  std::vector<std::string> controllers;       ///< all that can be used, sorted

  [[nodiscard]] bool has(std::string_view controller) const;

  /// The folder of a container's cgroup for `controller`, `cgroup_path` being linux.cgroupsPath ("/gantry/<id>").
  /// Empty when the host has no such controller.
  [[nodiscard]] std::string folder_of(std::string_view controller, std::string_view cgroup_path) const;

  /// Every existing hierarchy's folder of `cgroup_path`, each once: what removal has to look at.
  [[nodiscard]] std::vector<std::string> folders_of(std::string_view cgroup_path) const;
};

/// Looks at the folder where cgroups are mounted (`root`, by statfs(2) and its entries). Blocks on sysfs alone: any
/// thread. Errors: failed_precondition when nothing is mounted there, with what to do.
result<layout> detect(const std::string& root = "/sys/fs/cgroup");

/// What `detect` says of this host, looked at once a process. None where it fails.
const layout* of_host();

} // namespace gantry::cgroup
