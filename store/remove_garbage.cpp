#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/sys/files.hpp"
#include "store/snapshot/snapshots.hpp"
#include "store/sweep.hpp"
#include "store/volume/volumes.hpp"

namespace gantry::store {
namespace {

class remover {
public:
  explicit remover(std::stop_token stop) : stop_(std::move(stop)) {}

  void file(const std::string& path) {
    if (stop_.stop_requested()) return;
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return;
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return note(fail_errno(errno, "remove {}", path).value());
    done_.blob_bytes += static_cast<std::uint64_t>(status.st_size);
  }

  void folder(const std::string& path) {
    if (stop_.stop_requested()) return;
    auto gone = retire_folder(path);
    if (!gone) return note(gone.error());
    if (!gone->empty()) tree(*gone);
  }

  void tree(const std::string& path) {
    if (stop_.stop_requested()) return;
    if (auto removed = sys::remove_tree(path); !removed) note(removed.error());
  }

  swept take() { return std::move(done_); }

private:
  void note(const error& failure) { done_.failures.push_back(failure); }

  std::stop_token stop_;
  swept done_;
};

} // namespace

swept remove_garbage(const layout& paths, const garbage& what, std::stop_token stop) {
  remover remove(std::move(stop));
  for (const auto& content : what.blobs) remove.file(paths.blob_path(content));
  for (const auto& content : what.ingests)
    remove.file(fmt::format("{}/{}-{}", paths.ingest(), to_string(content.algo()), content.hex()));
  for (const auto& folder : what.layers) remove.folder(paths.layers() + "/" + folder.name);
  for (const auto& folder : what.snapshots) remove.folder(paths.snapshots() + "/" + folder.name);
  for (const auto& name : what.containers) remove.folder(paths.container_dir(name));
  for (const auto& name : what.volumes) remove.folder(paths.volume_path(name));
  for (const auto& path : what.gone) remove.tree(path);
  return remove.take();
}

} // namespace gantry::store
