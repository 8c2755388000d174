#include "store/layer/attributes.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <string_view>

#include "runtime/sys/files.hpp"

namespace gantry::store {
namespace {

constexpr std::size_t max_xattr_bytes = 65536; // XATTR_SIZE_MAX and XATTR_LIST_MAX of <linux/limits.h>

result<void> set_xattrs(int fd, const attributes& attrs) {
  for (const auto& x : attrs.xattrs) {
    if (::fsetxattr(fd, x.name.c_str(), x.value.data(), x.value.size(), 0) != 0)
      return fail_errno(errno, "set the xattr {} of {} bytes", x.name, x.value.size());
  }
  return {};
}

result<void> set_time(int fd, const attributes& attrs) {
  const timespec times[2] = {{0, UTIME_OMIT}, attrs.mtime};
  if (::futimens(fd, times) != 0) return fail_errno(errno, "set the modification time");
  return {};
}

bool owner_differs(const attributes& attrs, const creation_defaults& defaults) {
  return attrs.uid != defaults.uid || attrs.gid != defaults.gid;
}

bool mode_differs(const attributes& attrs, const creation_defaults& defaults) {
  return (attrs.mode & (07000 | defaults.umask)) != 0;
}

result<std::string> xattr_value(int fd, const char* name) {
  std::string value(max_xattr_bytes, '\0');
  auto size = ::fgetxattr(fd, name, value.data(), value.size());
  if (size < 0) return fail_errno(errno, "read the xattr {}", name);
  value.resize(static_cast<std::size_t>(size));
  return value;
}

} // namespace

creation_defaults creation_defaults::current() {
  creation_defaults found{.uid = ::geteuid(), .gid = ::getegid()};
  auto status = sys::read_file("/proc/self/status");
  constexpr std::string_view key = "\nUmask:\t";
  auto at = status ? status->find(key) : std::string::npos;
  if (at == std::string::npos) return {.umask = 0777, .uid = found.uid, .gid = found.gid}; // then always chmod
  std::from_chars(status->data() + at + key.size(), status->data() + status->size(), found.umask, 8);
  return found;
}

result<void> finish_file(int fd, const attributes& attrs, const creation_defaults& defaults) {
  if (owner_differs(attrs, defaults) && ::fchown(fd, attrs.uid, attrs.gid) != 0)
    return fail_errno(errno, "set the owner {}:{}", attrs.uid, attrs.gid);
  if (mode_differs(attrs, defaults) && ::fchmod(fd, attrs.mode) != 0)
    return fail_errno(errno, "set the mode {:04o}", attrs.mode);
  GANTRY_TRY(set_xattrs(fd, attrs));
  return set_time(fd, attrs);
}

result<void> apply_to_folder(int fd, const attributes& attrs) {
  if (::fchown(fd, attrs.uid, attrs.gid) != 0) return fail_errno(errno, "set the owner {}:{}", attrs.uid, attrs.gid);
  if (::fchmod(fd, attrs.mode) != 0) return fail_errno(errno, "set the mode {:04o}", attrs.mode);
  GANTRY_TRY(set_xattrs(fd, attrs));
  return set_time(fd, attrs);
}

result<void> finish_special(int folder, const std::string& leaf, const attributes& attrs,
                            const creation_defaults& defaults, entry_kind kind) {
  if (owner_differs(attrs, defaults) &&
      ::fchownat(folder, leaf.c_str(), attrs.uid, attrs.gid, AT_SYMLINK_NOFOLLOW) != 0)
    return fail_errno(errno, "set the owner {}:{}", attrs.uid, attrs.gid);
  if (kind != entry_kind::symlink && mode_differs(attrs, defaults) &&
      ::fchmodat(folder, leaf.c_str(), attrs.mode, 0) != 0)
    return fail_errno(errno, "set the mode {:04o}", attrs.mode);
  const timespec times[2] = {{0, UTIME_OMIT}, attrs.mtime};
  if (::utimensat(folder, leaf.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0)
    return fail_errno(errno, "set the modification time");
  return {};
}

result<attributes> read_attributes(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return fail_errno(errno, "stat");
  attributes found{status.st_mode & 07777, status.st_uid, status.st_gid, status.st_mtim, {}};
  std::string names(max_xattr_bytes, '\0');
  auto size = ::flistxattr(fd, names.data(), names.size());
  if (size < 0) return fail_errno(errno, "list the xattrs");
  names.resize(static_cast<std::size_t>(size));
  for (std::size_t at = 0; at < names.size();) {
    std::string name = names.c_str() + at;
    at += name.size() + 1;
    if (!keep_xattr(name)) continue;
    GANTRY_LET(auto value, xattr_value(fd, name.c_str()));
    found.xattrs.push_back({std::move(name), std::move(value)});
  }
  return found;
}

} // namespace gantry::store
