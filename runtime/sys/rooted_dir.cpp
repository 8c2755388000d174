#include "runtime/sys/rooted_dir.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/sys/files.hpp"

namespace gantry::sys {
namespace {

constexpr int max_retries = 64; // openat2 answers EAGAIN when a rename races with the walk

__u64 flags_of(rooted_dir::resolve how) {
  switch (how) {
  case rooted_dir::resolve::in_root:
    return RESOLVE_IN_ROOT;
  case rooted_dir::resolve::in_one_mount:
    return RESOLVE_IN_ROOT | RESOLVE_NO_XDEV;
  case rooted_dir::resolve::beneath:
    break;
  }
  return RESOLVE_BENEATH;
}

} // namespace

result<rooted_dir> rooted_dir::open(const std::string& path) {
  unique_fd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno(errno, "open {}", path);
  return rooted_dir(std::move(fd));
}

result<unique_fd> rooted_dir::open_at(std::string_view name, int flags, mode_t mode, resolve how) const {
  open_how request{};
  request.flags = static_cast<__u64>(flags) | O_CLOEXEC;
  request.mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? mode : 0;
  request.resolve = RESOLVE_NO_MAGICLINKS | flags_of(how);
  std::string path(name.empty() ? "." : name);
  if (path.find('\0') != std::string::npos) return fail(errc::invalid_argument, "a path name holds a NUL byte");
  for (int attempt = 0; attempt < max_retries; ++attempt) {
    auto fd = static_cast<int>(::syscall(SYS_openat2, dir_.get(), path.c_str(), &request, sizeof request));
    if (fd >= 0) return unique_fd(fd);
    if (errno != EAGAIN && errno != EINTR) return fail_errno(errno, "open {}", path);
  }
  return fail(errc::unavailable, "open {}: the tree was renamed {} times meanwhile", path, max_retries);
}

result<std::string> rooted_dir::read_file(std::string_view name, std::size_t limit, resolve how) const {
  // O_NONBLOCK: a FIFO that a hostile image put there must not hang the open.
  GANTRY_LET(auto fd, open_at(name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, how));
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return fail_errno(errno, "stat {}", name);
  if (!S_ISREG(status.st_mode)) return fail(errc::invalid_argument, "{}: not a regular file", name);
  return read_all(fd.get(), limit, name);
}

result<unique_fd> rooted_dir::make_directories(std::string_view name, mode_t mode) const {
  std::string path;
  std::size_t at = 0;
  result<unique_fd> last = open_at(".", O_PATH | O_DIRECTORY);
  while (last && at < name.size()) {
    auto end = name.find('/', at);
    if (end == std::string_view::npos) end = name.size();
    auto part = name.substr(at, end - at);
    at = end + 1;
    if (part.empty() || part == ".") continue;
    path.append("/").append(part);
    auto next = open_at(path, O_PATH | O_DIRECTORY);
    if (!next && next.error().os_errno == ENOENT && part != "..") {
      if (::mkdirat(last->get(), std::string(part).c_str(), mode) != 0 && errno != EEXIST)
        return fail_errno(errno, "mkdir {}", path);
      next = open_at(path, O_PATH | O_DIRECTORY);
    }
    last = std::move(next);
  }
  return last;
}

result<unique_fd> open_part(const std::string& folder, const std::string& part) {
  if (part.empty()) {
    unique_fd whole(::open(folder.c_str(), O_PATH | O_CLOEXEC));
    if (!whole) return fail_errno(errno, "bind {}", folder);
    return whole;
  }
  GANTRY_LET(const auto root, rooted_dir::open(folder));
  auto found = root.open_at(part, O_PATH, 0, rooted_dir::resolve::beneath);
  const auto why = found ? 0 : found.error().os_errno;
  if (why == 0) return found;
  if (why == EXDEV)
    return fail(errc::invalid_argument, "path concatenation escapes the base directory, base: {}, subpath: {}", folder,
                part);
  return fail_errno(why, "cannot access path {}/{}", folder, part);
}

} // namespace gantry::sys
