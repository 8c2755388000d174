#include "store/snapshot/disk_usage.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <unordered_set>
#include <vector>

#include "runtime/sys/directory.hpp"
#include "runtime/sys/unique_fd.hpp"

namespace gantry::store {
namespace {

class measurement {
public:
  measurement(std::stop_token stop, usage_limits limits) : stop_(std::move(stop)), limits_(limits) {}

  result<disk_usage> over(const std::string& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return fail_errno(errno, "stat {}", path);
    device_ = status.st_dev;
    count(status);
    if (S_ISDIR(status.st_mode)) descend(AT_FDCWD, path.c_str());
    while (!levels_.empty()) {
      if (stop_.stop_requested()) return fail(errc::cancelled, "nobody waits any more for the size of {}", path);
      if (total_.entries >= limits_.entries) {
        total_.whole = false;
        break;
      }
      step();
    }
    return total_;
  }

private:
  void count(const struct stat& status) {
    ++total_.entries;
    if (status.st_nlink > 1 && !S_ISDIR(status.st_mode) && !counted_.insert(status.st_ino).second) return;
    auto bytes = static_cast<std::uint64_t>(status.st_blocks) * 512;
    total_.bytes += bytes;
    if (S_ISDIR(status.st_mode)) total_.folder_bytes += bytes;
  }

  void descend(int parent, const char* name) {
    sys::unique_fd fd(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) { // vanished, or not ours to read
      if (errno != ENOENT && errno != ENOTDIR) total_.whole = false;
      return;
    }
    sys::directory opened(::fdopendir(fd.get()));
    if (!opened) return;
    (void)fd.release();
    levels_.push_back(std::move(opened));
  }

  /// One entry of the innermost directory.
  void step() {
    int parent = ::dirfd(levels_.back().get());
    auto* entry = ::readdir(levels_.back().get());
    if (entry == nullptr) return levels_.pop_back();
    std::string_view name = entry->d_name;
    struct stat status {};
    if (name == "." || name == "..") return;
    if (::fstatat(parent, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 || status.st_dev != device_) return;
    count(status);
    if (!S_ISDIR(status.st_mode)) return;
    if (levels_.size() >= limits_.depth)
      total_.whole = false;
    else
      descend(parent, entry->d_name);
  }

  std::stop_token stop_;
  usage_limits limits_;
  dev_t device_ = 0;
  disk_usage total_;
  std::vector<sys::directory> levels_;
  std::unordered_set<ino_t> counted_; ///< files with several names
};

} // namespace

result<disk_usage> measure_disk_usage(const std::string& path, std::stop_token stop, usage_limits limits) {
  return measurement(std::move(stop), limits).over(path);
}

} // namespace gantry::store
