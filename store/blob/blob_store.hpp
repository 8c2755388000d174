#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/descriptor.hpp"
#include "store/blob/ingest.hpp"
#include "store/byte_source.hpp"

namespace gantry::store {

/// Verified content by digest: <root>/blobs/<algo>/<hex>, and beside it the downloads under way, <root>/ingest.
/// What has a name among the blobs is whole, verified and durable. Holds no state but the root: any number of threads
/// may use one object, or several objects one root. Everything here may block on the disk.
class blob_store {
public:
  struct entry {
    digest content;
    std::uint64_t size = 0;
    friend auto operator<=>(const entry&, const entry&) = default;
  };

  /// Makes the folders (0700) where they are missing. Errors: the errno's code.
  static result<blob_store> open(std::string root);

  [[nodiscard]] bool has(const digest& content) const { return size(content).has_value(); }
  /// In bytes; empty when the blob is not there.
  [[nodiscard]] std::optional<std::uint64_t> size(const digest& content) const;
  /// Where the blob is or would be.
  [[nodiscard]] std::string path(const digest& content) const;

  /// The blob's bytes in order. Errors: not_found, the errno's code.
  [[nodiscard]] result<std::unique_ptr<byte_source>> open_blob(const digest& content) const;
  /// A small document, verified once more as it is read. Errors: not_found; exhausted when larger than `limit` bytes;
  /// corrupt when the disk gave other bytes than were put.
  [[nodiscard]] result<std::string> read(const digest& content, std::size_t limit) const;

  /// Adds a small document (a manifest, a config), durably. Success when it is there already.
  /// Errors: corrupt when `bytes` have another digest, the errno's code.
  result<void> put(std::string_view bytes, const digest& content) const;
  /// Absent is success.
  result<void> remove(const digest& content) const;
  /// All blobs, in no order.
  [[nodiscard]] result<std::vector<entry>> list() const;

  /// Begins or resumes the arrival of a blob. Errors: already_exists when the blob is there, or when somebody else is
  /// downloading it right now (the message says which); the errno's code.
  [[nodiscard]] result<std::shared_ptr<ingest>> begin(const descriptor& what) const;
  /// Partial downloads that nobody holds, for the sweep.
  [[nodiscard]] result<std::vector<entry>> list_ingests() const;
  /// Forgets a partial download that nobody holds. Errors: failed_precondition when it is under way.
  result<void> remove_ingest(const digest& content) const;

private:
  explicit blob_store(std::string root) : root_(std::move(root)) {}
  [[nodiscard]] std::string ingest_path(const digest& content) const;

  std::string root_;
};

} // namespace gantry::store
