#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "messages/domain/digest.hpp"
#include "runtime/sys/unique_fd.hpp"
#include "store/archive/tar_writer.hpp"
#include "store/byte_source.hpp"
#include "store/hash.hpp"

namespace gantry::store {

/// Content on its way among the blobs whose digest is known only when it has come: the files of an archive, a layer
/// that is being packed. It lies in a folder of its own, <root>/ingest/stage.XXXXXX, that goes with this object; what a
/// crash leaves goes when the store is opened. One thread; blocks on the disk.
class staging {
public:
  struct piece {
    std::uint64_t number = 0;
    digest content;
    std::uint64_t size = 0;
  };

  /// A piece while it is written.
  class file final : public byte_sink {
  public:
    file(sys::unique_fd fd, std::uint64_t number, digest::algorithm algo);
    result<void> write(std::string_view bytes) override;
    piece end();

  private:
    sys::unique_fd fd_;
    hasher hash_;
    piece made_;
  };

  /// In the store at `root`. Errors: the errno's code.
  static result<std::unique_ptr<staging>> open(const std::string& root);
  ~staging();
  staging(const staging&) = delete;
  staging& operator=(const staging&) = delete;

  result<file> begin(digest::algorithm algo = digest::algorithm::sha256);
  [[nodiscard]] result<std::unique_ptr<byte_source>> read(const piece& what) const;
  /// Of at most `limit` bytes, else exhausted.
  [[nodiscard]] result<std::string> read_whole(const piece& what, std::size_t limit) const;

  /// Makes pieces durable and gives them their names among the blobs; one that is there already is left. A lease holds
  /// them before: no sweep knows them yet.
  result<void> keep(std::span<const piece> what);

private:
  staging(std::string root, std::string folder, sys::unique_fd lock);
  [[nodiscard]] std::string path_of(const piece& what) const;

  std::string root_, folder_;
  sys::unique_fd lock_; ///< of the folder: who holds it is alive
  std::uint64_t next_ = 0;
};

/// Removes the folders that a crash left in the store at `root`.
result<void> remove_old_staging(const std::string& root);

} // namespace gantry::store
