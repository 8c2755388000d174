#include "store/volume/attributes.hpp"

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace gantry::store {
namespace {

constexpr std::size_t max_bytes = 65536; // XATTR_SIZE_MAX and XATTR_LIST_MAX, xattr(7)

bool is_for_overlayfs(std::string_view name) {
  return name.starts_with("trusted.overlay.") || name.starts_with("user.overlay.");
}

/// An attribute that the copy may lack: the file system does not know it, or policy keeps it.
bool may_be_left_out(int os_errno) { return os_errno == EOPNOTSUPP || os_errno == EPERM || os_errno == ENODATA; }

/// What `fd` is open on, for calls that take a path and follow it: a link of procfs leads to the very file, be it a
/// symlink, and also for O_PATH, which the f*xattr calls refuse.
std::string path_of(int fd) { return fmt::format("/proc/self/fd/{}", fd); }

using set_xattr = int (*)(const char* path, const char* name, const void* value, size_t size, int flags);

result<void> copy_xattrs(int from, const std::string& to, set_xattr set) {
  auto source = path_of(from);
  std::vector<char> names(max_bytes), value;
  auto size = ::listxattr(source.c_str(), names.data(), names.size());
  if (size < 0) return may_be_left_out(errno) ? result<void>() : fail_errno(errno, "list extended attributes");
  std::string_view left(names.data(), static_cast<std::size_t>(size));
  while (!left.empty()) {
    const char* name = left.data();
    left.remove_prefix(std::string_view(name).size() + 1);
    if (is_for_overlayfs(name)) continue;
    value.resize(max_bytes);
    auto bytes = ::getxattr(source.c_str(), name, value.data(), value.size());
    if (bytes < 0 && may_be_left_out(errno)) continue;
    if (bytes < 0) return fail_errno(errno, "read the extended attribute {}", name);
    if (set(to.c_str(), name, value.data(), static_cast<std::size_t>(bytes), 0) != 0 && !may_be_left_out(errno))
      return fail_errno(errno, "write the extended attribute {}", name);
  }
  return {};
}

} // namespace

result<void> copy_attributes(int from, int to) {
  struct stat status {};
  if (::fstat(from, &status) != 0) return fail_errno(errno, "stat");
  if (::fchown(to, status.st_uid, status.st_gid) != 0) return fail_errno(errno, "chown");
  if (::fchmod(to, status.st_mode & 07777) != 0) return fail_errno(errno, "chmod");
  GANTRY_TRY(copy_xattrs(from, path_of(to), &::setxattr));
  std::array times = {status.st_atim, status.st_mtim};
  if (::futimens(to, times.data()) != 0) return fail_errno(errno, "set times");
  return {};
}

result<void> copy_attributes_at(int from, int to, const std::string& name) {
  struct stat status {};
  if (::fstat(from, &status) != 0) return fail_errno(errno, "stat");
  if (::fchownat(to, name.c_str(), status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) != 0)
    return fail_errno(errno, "chown");
  // A symlink has no mode. The entry is in a directory that is ours alone, so it is still what was just made.
  if (!S_ISLNK(status.st_mode) && ::fchmodat(to, name.c_str(), status.st_mode & 07777, 0) != 0)
    return fail_errno(errno, "chmod");
  GANTRY_TRY(copy_xattrs(from, path_of(to) + "/" + name, &::lsetxattr));
  std::array times = {status.st_atim, status.st_mtim};
  if (::utimensat(to, name.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) != 0) return fail_errno(errno, "set times");
  return {};
}

} // namespace gantry::store
