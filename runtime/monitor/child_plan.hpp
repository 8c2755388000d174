#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/error.hpp"
#include "runtime/monitor/pod_plan.hpp"
#include "runtime/sys/borrowed_mount.hpp"
#include "runtime/sys/file_mount.hpp"
#include "runtime/sys/overlay_mount.hpp"

namespace gantry::monitor {

using sys::overlay_plan;

/// What a child does with a container's cgroups itself, where its launcher is native: it may have to wait.
enum class own_verb : std::uint8_t { none, freeze, thaw, remove };

/// All that a child of the zygote does between clone and execve: a list of steps without decisions, so that the
/// process that carries it out needs nothing else of the monitor's.
struct child_plan {
  std::vector<std::string> argv; ///< argv[0] is a path; empty: the child ends after the steps
  std::vector<std::string> env;
  std::string cwd = "/";
  std::vector<int> targets; ///< the n-th descriptor that came along becomes descriptor targets[n]
  bool new_mount_namespace = false;
  bool new_network_namespace = false; ///< its loopback up; its descriptor is sent over descriptor 3
  bool hide_unified_cgroup = false;   ///< unmounts /sys/fs/cgroup/unified in the new mount namespace
  std::optional<overlay_plan> overlay;
  std::optional<sys::file_mount> files;
  std::optional<sys::borrowed_mount> shm;   ///< a pod's, in the new mount namespace
  std::vector<native::mapped_mount> mapped; ///< likewise
  std::optional<pod_plan> pod;              ///< made and sent over descriptor 3; then argv is empty
  own_verb verb = own_verb::none;           ///< then argv is empty
  std::string cgroup;                       ///< its path below each hierarchy
};

std::string encode(const child_plan& plan);
result<child_plan> decode_child_plan(std::string_view bytes);

/// Carries out the plan in a fresh child and executes argv; `received` are the descriptors that came with it.
/// Never returns: a failure is written to descriptor 2 as a sentence and the exit code is 127.
[[noreturn]] void carry_out(const child_plan& plan, std::vector<int> received);

} // namespace gantry::monitor
