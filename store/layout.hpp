#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "messages/domain/digest.hpp"
#include "messages/domain/key.hpp"

namespace gantry::store {

/// Where each thing is below <root> (store/README.md, "Layout"). Pure: builds paths, touches nothing; any thread.
/// Digests and numbers cannot lead out of the root; keys and volume names were validated where they entered.
class layout {
public:
  explicit layout(std::string root) : root_(std::move(root)) {}

  [[nodiscard]] const std::string& root() const { return root_; }
  [[nodiscard]] std::string version_file() const { return root_ + "/VERSION"; }
  [[nodiscard]] std::string lock_file() const { return root_ + "/lock"; }
  [[nodiscard]] std::string database() const { return root_ + "/meta.db"; }

  [[nodiscard]] std::string blobs(digest::algorithm algo) const;
  [[nodiscard]] std::string blob_path(const digest& content) const;
  [[nodiscard]] std::string ingest() const { return root_ + "/ingest"; }

  [[nodiscard]] std::string layers() const { return root_ + "/layers"; }
  [[nodiscard]] std::string layer_path(std::uint64_t n) const;
  [[nodiscard]] std::string new_layer_path(std::uint64_t n) const; ///< while it is extracted

  /// The lowest layer of every container: where the engine mounts, so that no writable layer has to hold it.
  [[nodiscard]] std::string mount_points() const { return root_ + "/mountpoints"; }

  [[nodiscard]] std::string snapshots() const { return root_ + "/snapshots"; }
  [[nodiscard]] std::string snapshot_path(std::uint64_t n) const;
  [[nodiscard]] std::string snapshot_upper(std::uint64_t n) const;
  [[nodiscard]] std::string snapshot_work(std::uint64_t n) const;

  [[nodiscard]] std::string containers() const { return root_ + "/containers"; }
  [[nodiscard]] std::string container_dir(const key& name) const;

  [[nodiscard]] std::string volumes() const { return root_ + "/volumes"; }
  [[nodiscard]] std::string volume_path(std::string_view name) const;
  [[nodiscard]] std::string volume_data(std::string_view name) const;

private:
  std::string root_;
};

} // namespace gantry::store
