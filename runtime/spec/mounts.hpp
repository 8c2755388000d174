#pragma once

#include <string>
#include <vector>

#include "runtime/spec/process.hpp"
#include "runtime/spec/spec.hpp"

/// The `mounts` member (runtime-spec config.md, "Mounts"). Internal to runtime/spec.
namespace gantry::spec {

struct mount_plan {
  json mounts = json::array();
  std::string root_propagation; ///< linux.rootfsPropagation: empty, "rslave" or "rshared", as a bind needs it
};

/// The engine's default mounts but those that a user's stand in for, then the user's, folders before what is in them.
/// Reads /proc/self/mountinfo when a bind is to be shared or slave. Errors: invalid_argument, failed_precondition.
result<mount_plan> plan_mounts(const spec_input& input);

/// "size=64m,mode=1777,exec" over noexec, nosuid, nodev: the last of contradicting ones holds, as in docker --tmpfs.
/// Errors: invalid_argument for an option that tmpfs does not have.
result<std::vector<std::string>> tmpfs_options(std::string_view asked, std::int64_t size_bytes);

/// The propagation of the mount that holds `path`, by /proc/self/mountinfo's text (proc(5)): "shared", "slave", "".
std::string propagation_of(std::string_view mountinfo, std::string_view path);
/// Which of nosuid, nodev and noexec it has.
std::vector<std::string> kept_flags_of(std::string_view mountinfo, std::string_view path);

} // namespace gantry::spec
