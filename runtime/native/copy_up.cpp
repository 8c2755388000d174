#include "runtime/native/copy_up.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <memory>
#include <string>

#include "runtime/sys/unique_fd.hpp"

namespace gantry::native {
namespace {

using folder_stream = std::unique_ptr<DIR, int (*)(DIR*)>;

result<folder_stream> entries_of(int folder) {
  const int fd = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  folder_stream stream(fd < 0 ? nullptr : ::fdopendir(fd), &::closedir);
  if (!stream) return fail_errno(errno, "read a folder");
  return stream;
}

/// Owner first: a change of it clears the bits that give rights.
result<void> set_owner(int folder, const char* name, const struct stat& as) {
  if (::fchownat(folder, name, as.st_uid, as.st_gid, AT_SYMLINK_NOFOLLOW) != 0)
    return fail_errno(errno, "own {}", name);
  if (!S_ISLNK(as.st_mode) && ::fchmodat(folder, name, as.st_mode & 07777, 0) != 0)
    return fail_errno(errno, "chmod {}", name);
  const timespec times[2] = {as.st_atim, as.st_mtim};
  if (::utimensat(folder, name, times, AT_SYMLINK_NOFOLLOW) != 0) return fail_errno(errno, "set the time of {}", name);
  return {};
}

result<void> copy_file(int from, int to, const char* name) {
  const sys::unique_fd in(::openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  const sys::unique_fd out(in ? ::openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600) : -1);
  if (!out) return fail_errno(errno, "copy {}", name);
  for (;;) {
    const auto moved = ::sendfile(out.get(), in.get(), nullptr, std::size_t{1} << 20);
    if (moved == 0) return {};
    if (moved < 0 && errno != EINTR) return fail_errno(errno, "copy {}", name);
  }
}

result<void> copy_link(int from, int to, const char* name) {
  char text[PATH_MAX];
  const auto size = ::readlinkat(from, name, text, sizeof text - 1);
  if (size < 0) return fail_errno(errno, "read the link {}", name);
  text[size] = '\0';
  if (::symlinkat(text, to, name) != 0) return fail_errno(errno, "link {}", name);
  return {};
}

result<void> copy_below(int from, int to, const char* name, dev_t device, int limit) {
  if (::mkdirat(to, name, 0700) != 0) return fail_errno(errno, "mkdir {}", name);
  constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  const sys::unique_fd source(::openat(from, name, flags)), copy(::openat(to, name, flags));
  struct stat status {};
  if (!source || !copy || ::fstat(source.get(), &status) != 0) return fail_errno(errno, "open {}", name);
  return status.st_dev == device ? copy_folder(source.get(), copy.get(), limit - 1) : result<void>{};
}

result<void> copy_entry(int from, int to, const char* name, dev_t device, int limit) {
  struct stat status {};
  if (::fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return fail_errno(errno, "stat {}", name);
  switch (status.st_mode & S_IFMT) {
  case S_IFDIR:
    GANTRY_TRY(copy_below(from, to, name, device, limit));
    break;
  case S_IFREG:
    GANTRY_TRY(copy_file(from, to, name));
    break;
  case S_IFLNK:
    GANTRY_TRY(copy_link(from, to, name));
    break;
  default:
    if (::mknodat(to, name, status.st_mode, status.st_rdev) != 0) return fail_errno(errno, "make the node {}", name);
  }
  return set_owner(to, name, status);
}

} // namespace

result<void> copy_folder(int from, int to, int limit) {
  if (limit == 0) return fail(errc::exhausted, "folders lie too deep in one another to be copied");
  GANTRY_LET(const auto stream, entries_of(from));
  struct stat own {};
  if (::fstat(::dirfd(stream.get()), &own) != 0) return fail_errno(errno, "stat a folder");
  while (const auto* entry = ::readdir(stream.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") GANTRY_TRY(copy_entry(from, to, name.c_str(), own.st_dev, limit));
  }
  return {};
}

} // namespace gantry::native
