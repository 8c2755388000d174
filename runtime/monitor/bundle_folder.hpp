#pragma once

#include <cstdint>
#include <string>

#include "messages/domain/error.hpp"
#include "runtime/sys/unique_fd.hpp"

namespace gantry::monitor {

/// <run>/bundles: one private tmpfs that all monitors of a run folder share. It is the one mount that the host sees:
/// what is mounted below it in a child's namespace does not propagate, whatever the propagation of the host's own
/// mounts.
class bundle_folder {
public:
  /// Mounts it unless another monitor has. Errors: the errno's.
  static result<bundle_folder> open(const std::string& run_dir);

  /// Unmounts it when no other monitor uses it and nothing is in it.
  void close();

  /// True for an absolute path below the folder, without "." or "..".
  [[nodiscard]] bool holds(std::string_view bundle) const;

private:
  bundle_folder(std::string run_dir, sys::unique_fd user) : run_dir_(std::move(run_dir)), user_(std::move(user)) {}
  std::string run_dir_;
  sys::unique_fd user_; ///< holds a shared lock: one per monitor
};

/// What a container's bundle begins with.
struct bundle_content {
  std::string path, config_json;
  bool scratch_upper = false; ///< folders upper and work, for a container without a writable layer
  /// Not 0: the root of the container's users, as whom its runtime looks for the root by its name: this group may pass
  /// through the bundle, and everybody through the folders above it.
  std::uint32_t group = 0;
};
/// Makes the folder (0700) with config.json and empty folders rootfs and files. One left over from a crash is replaced.
/// tmpfs alone: does not wait for a disk. Errors: the errno's.
result<void> make_bundle(const bundle_content& content);

} // namespace gantry::monitor
