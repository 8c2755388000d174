#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <vector>

#include "messages/domain/quote.hpp"
#include "runtime/sys/directory.hpp"
#include "runtime/sys/files.hpp"

namespace gantry::sys {
namespace {

constexpr std::size_t max_open = 64; // directories held open at once
constexpr int max_passes = 64;       // listings of one directory that does not get empty

/// A directory on the way down. Its listing is closed while the walk is far below.
struct level {
  std::string name; ///< within the level above
  dev_t device = 0;
  ino_t inode = 0;
  directory entries;
  int passes = 1;
  bool failed = false; ///< something below could not be removed, so neither can this
};

result<level> as_level(unique_fd fd, std::string name) {
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return fail_errno(errno, "stat {}", quote(name));
  directory entries(::fdopendir(fd.get()));
  if (!entries) return fail_errno(errno, "list {}", quote(name));
  (void)fd.release();
  return level{std::move(name), status.st_dev, status.st_ino, std::move(entries)};
}

/// Opens the directory `name` unless something is mounted there: a device number does not tell a bind mount.
result<level> open_level(int parent, std::string name) {
  open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS;
  unique_fd fd(static_cast<int>(::syscall(SYS_openat2, parent, name.c_str(), &how, sizeof how)));
  if (fd) return as_level(std::move(fd), std::move(name));
  if (errno == EXDEV) return fail(errc::failed_precondition, "something is mounted at {}", quote(name));
  return fail_errno(errno, "open {}", quote(name));
}

/// A walk with a stack of its own: a hostile container may nest directories beyond any thread's stack, any path's
/// length and any number of descriptors.
class tree_removal {
public:
  explicit tree_removal(level top) { levels_.push_back(std::move(top)); }

  result<void> run() {
    while (!levels_.empty()) {
      if (const auto* entry = next_entry())
        remove_entry(*entry);
      else
        GANTRY_TRY(leave());
    }
    if (first_error_) return tl::unexpected<error>(std::move(*first_error_));
    return {};
  }

private:
  [[nodiscard]] int fd() const { return ::dirfd(levels_.back().entries.get()); }

  void note(error cause) {
    levels_.back().failed = true;
    if (!first_error_) first_error_ = std::move(cause);
  }

  /// The innermost level's next entry, null at its end.
  const dirent* next_entry() {
    for (;;) {
      errno = 0;
      const auto* entry = ::readdir(levels_.back().entries.get());
      if (entry == nullptr && errno != 0) note(fail_errno(errno, "list {}", quote(levels_.back().name)).value());
      if (entry == nullptr) return nullptr;
      std::string_view name = entry->d_name;
      if (name != "." && name != "..") return entry;
    }
  }

  void remove_entry(const dirent& entry) {
    if (entry.d_type != DT_DIR) {
      if (::unlinkat(fd(), entry.d_name, 0) == 0 || errno == ENOENT) return;
      if (errno != EISDIR) return note(fail_errno(errno, "unlink {}", quote(entry.d_name)).value());
    }
    auto below = open_level(fd(), entry.d_name);
    if (!below && below.error().os_errno == ENOENT) return;
    if (!below) return note(std::move(below.error()));
    levels_.push_back(std::move(*below));
    if (levels_.size() > max_open) levels_[levels_.size() - 1 - max_open].entries.reset();
  }

  /// Opens the listing of the level above again, by "..": if the directory was moved meanwhile that is another one.
  result<void> reopen_parent() {
    auto& parent = levels_[levels_.size() - 2];
    if (parent.entries) return {};
    GANTRY_LET(auto found, open_level(fd(), ".."));
    if (found.device != parent.device || found.inode != parent.inode)
      return fail(errc::failed_precondition, "{} was moved meanwhile", quote(levels_.back().name));
    parent.entries = std::move(found.entries);
    return {};
  }

  /// At the end of the innermost level's listing: removes it, or begins again when entries were added meanwhile.
  result<void> leave() {
    bool is_top = levels_.size() == 1;
    if (!is_top) GANTRY_TRY(reopen_parent());
    auto& done = levels_.back();
    int parent = is_top ? AT_FDCWD : ::dirfd(levels_[levels_.size() - 2].entries.get());
    if (!done.failed && ::unlinkat(parent, done.name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
      if ((errno == ENOTEMPTY || errno == EEXIST) && done.passes++ < max_passes) {
        ::rewinddir(done.entries.get());
        return {};
      }
      note(fail_errno(errno, "rmdir {}", quote(done.name)).value());
    }
    bool failed = done.failed;
    levels_.pop_back();
    if (failed && !levels_.empty()) levels_.back().failed = true;
    return {};
  }

  std::vector<level> levels_;
  std::optional<error> first_error_;
};

/// The top may lie beyond mounts and symlinks of the host, but be none itself.
result<void> remove_directory(const std::string& path) {
  unique_fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return errno == ENOENT ? result<void>() : fail_errno(errno, "open");
  struct statx status {};
  if (::statx(fd.get(), "", AT_EMPTY_PATH, 0, &status) != 0) return fail_errno(errno, "stat");
  if ((status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0)
    return fail(errc::failed_precondition, "something is mounted there");
  GANTRY_LET(auto top, as_level(std::move(fd), path));
  return tree_removal(std::move(top)).run();
}

result<void> remove_any(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return errno == ENOENT ? result<void>() : fail_errno(errno, "stat");
  if (S_ISDIR(status.st_mode)) return remove_directory(path);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno(errno, "unlink");
  return {};
}

} // namespace

result<void> remove_tree(const std::string& path) {
  auto end = path.find_last_not_of('/'); // lstat("link/") would follow the link
  auto removed = remove_any(end == std::string::npos ? path : path.substr(0, end + 1));
  if (!removed) return within(removed.error(), "remove {}", path);
  return {};
}

} // namespace gantry::sys
