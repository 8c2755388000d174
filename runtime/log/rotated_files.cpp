#include "runtime/log/rotated_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <mutex>

#include "runtime/log/gzip_file.hpp"
#include "runtime/sys/unique_fd.hpp"

namespace gantry::log {
namespace {

/// Held while names change: files move on one thread and are replaced by compressed ones on another. One for all logs,
/// as no file is read or written under it.
std::mutex& names() {
  static std::mutex one;
  return one;
}

std::string packed_name(const std::string& plain) { return plain + ".gz"; }

result<void> move(const std::string& from, const std::string& to, bool from_is_rotated) {
  if (::rename(from.c_str(), to.c_str()) == 0) {
    if (from_is_rotated) ::unlink(packed_name(from).c_str()); // half-made
    return {};
  }
  if (errno != ENOENT) return fail_errno(errno, "rotate {}", from);
  if (from_is_rotated && ::rename(packed_name(from).c_str(), packed_name(to).c_str()) != 0 && errno != ENOENT)
    return fail_errno(errno, "rotate {}", packed_name(from));
  return {};
}

sys::unique_fd open_plain(const std::string& name, struct stat& status) {
  std::lock_guard lock(names());
  sys::unique_fd fd(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (fd && (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode))) fd.reset();
  return fd;
}

/// Where the file that was compressed lies by now, the compressed one takes its place.
result<void> replace(const std::string& path, int max_files, const struct stat& plain, const std::string& part) {
  std::lock_guard lock(names());
  for (int i = 1; i < max_files; ++i) {
    const auto name = rotated_name(path, i);
    struct stat now_is {};
    if (::lstat(name.c_str(), &now_is) != 0 || now_is.st_ino != plain.st_ino || now_is.st_dev != plain.st_dev) continue;
    if (::rename(part.c_str(), packed_name(name).c_str()) != 0) return fail_errno(errno, "rename {}", part);
    if (::unlink(name.c_str()) != 0) return fail_errno(errno, "remove {}", name);
    return {};
  }
  ::unlink(part.c_str()); // it was the oldest one, and has gone meanwhile
  return {};
}

result<void> compress_one(const std::string& path, int max_files, int plain, const struct stat& status) {
  const auto part = path + ".gz.part";
  sys::unique_fd packed(::open(part.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!packed && errno == ENOENT) return {}; // its folder has gone, with the container
  if (!packed) return fail_errno(errno, "open {}", part);
  auto made = compress_file(plain, packed.get());
  const std::array<timespec, 2> times{status.st_atim, status.st_mtim};
  if (made && ::futimens(packed.get(), times.data()) != 0) made = fail_errno(errno, "set the time of {}", part);
  if (made) return replace(path, max_files, status, part);
  ::unlink(part.c_str());
  return within(made.error(), "compress {}", path);
}

} // namespace

std::string rotated_name(const std::string& path, int index) {
  return index == 0 ? path : path + "." + std::to_string(index);
}

result<void> put_aside(const std::string& path, int max_files) {
  std::lock_guard lock(names());
  const auto oldest = rotated_name(path, max_files - 1);
  ::unlink(oldest.c_str());
  ::unlink(packed_name(oldest).c_str());
  for (int i = max_files - 1; i > 0; --i) GANTRY_TRY(move(rotated_name(path, i - 1), rotated_name(path, i), i > 1));
  return {};
}

result<void> compress_put_aside(const std::string& path, int max_files) {
  for (int i = max_files - 1; i > 0; --i) {
    struct stat status {};
    const auto plain = open_plain(rotated_name(path, i), status);
    if (plain) GANTRY_TRY(compress_one(path, max_files, plain.get(), status));
  }
  return {};
}

} // namespace gantry::log
