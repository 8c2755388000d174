#include "store/layer/beneath.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <vector>

#include "store/layer/entry_name.hpp"

namespace gantry::store {
namespace {

constexpr int max_retries = 64; // EAGAIN: a rename somewhere on the host raced with the walk

struct close_dir {
  void operator()(DIR* stream) const { ::closedir(stream); }
};
using dir_stream = std::unique_ptr<DIR, close_dir>;

// Unlinks all but folders from `stream`'s directory; returns a subfolder that is left, "" when there is none.
result<std::string> unlink_files(DIR* stream) {
  ::rewinddir(stream);
  std::string subfolder;
  while (auto* item = ::readdir(stream)) {
    std::string name = item->d_name;
    if (name == "." || name == "..") continue;
    if (::unlinkat(::dirfd(stream), name.c_str(), 0) == 0) continue;
    if (errno != EISDIR && errno != EPERM) return fail_errno(errno, "remove {}", printable(name));
    subfolder = name;
  }
  return subfolder;
}

result<dir_stream> open_stream(int folder, const std::string& leaf) {
  auto fd = open_beneath(folder, leaf, O_RDONLY | O_DIRECTORY);
  if (!fd) return fail_errno(errno, "open {}", printable(leaf));
  dir_stream stream(::fdopendir(fd.get()));
  if (!stream) return fail_errno(errno, "read {}", printable(leaf));
  (void)fd.release();
  return stream;
}

struct level {
  std::string name; // in the level above
  dir_stream stream;
};

} // namespace

sys::unique_fd open_beneath(int folder, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<__u64>(flags) | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const char* name = path.empty() ? "." : path.c_str();
  for (int attempt = 0;; ++attempt) {
    auto fd = static_cast<int>(::syscall(SYS_openat2, folder, name, &how, sizeof how));
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR) || attempt == max_retries) return sys::unique_fd(fd);
  }
}

result<sys::unique_fd> open_folder(int folder, const std::string& path) {
  auto fd = open_beneath(folder, path, O_PATH | O_DIRECTORY);
  if (!fd) return fail_errno(errno, "open the folder {}", printable(path));
  return fd;
}

result<std::string> read_link(int fd) {
  char target[PATH_MAX];
  auto size = ::readlinkat(fd, "", target, sizeof target);
  if (size < 0) return fail_errno(errno, "read a symlink");
  return std::string(target, static_cast<std::size_t>(size));
}

result<void> remove_beneath(int folder, const std::string& leaf) {
  if (::unlinkat(folder, leaf.c_str(), 0) == 0) return {};
  if (errno != EISDIR && errno != EPERM) return fail_errno(errno, "remove {}", printable(leaf));
  // Depth first without recursion: hostile trees are as deep as a path can be long.
  std::vector<level> stack;
  GANTRY_LET(auto top, open_stream(folder, leaf));
  stack.push_back({leaf, std::move(top)});
  while (!stack.empty()) {
    GANTRY_LET(auto subfolder, unlink_files(stack.back().stream.get()));
    if (!subfolder.empty()) {
      GANTRY_LET(auto next, open_stream(::dirfd(stack.back().stream.get()), subfolder));
      stack.push_back({subfolder, std::move(next)});
      continue;
    }
    auto name = std::move(stack.back().name);
    stack.pop_back();
    auto above = stack.empty() ? folder : ::dirfd(stack.back().stream.get());
    if (::unlinkat(above, name.c_str(), AT_REMOVEDIR) != 0) return fail_errno(errno, "remove {}", printable(name));
  }
  return {};
}

} // namespace gantry::store
