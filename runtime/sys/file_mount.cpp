#include "runtime/sys/file_mount.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "runtime/sys/files.hpp"
#include "runtime/sys/unique_fd.hpp"

namespace gantry::sys {
namespace {

constexpr std::size_t least_room = 256U << 10;

result<std::size_t> size_of(const file_mount& plan) {
  std::size_t bytes = 0;
  for (const auto& [name, content] : plan.files) {
    if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos)
      return fail(errc::invalid_argument, "\"{}\" is no name of a file", name);
    bytes += content.size();
  }
  if (bytes > max_file_mount_bytes)
    return fail(errc::invalid_argument, "the files at {} hold {} bytes: at most {}", plan.target, bytes,
                max_file_mount_bytes);
  return bytes;
}

result<unique_fd> make_tmpfs(const file_mount& plan, std::size_t room) {
  const unique_fd context(::fsopen("tmpfs", FSOPEN_CLOEXEC));
  if (!context) return fail_errno(errno, "fsopen tmpfs");
  const std::pair<const char*, std::string> options[] = {{"source", "gantry"},
                                                         {"mode", "0755"},
                                                         {"size", std::to_string(room)},
                                                         {"nr_inodes", std::to_string(plan.files.size() + 1)},
                                                         {"uid", std::to_string(plan.uid)},
                                                         {"gid", std::to_string(plan.gid)}};
  for (const auto& [name, value] : options)
    if (::fsconfig(context.get(), FSCONFIG_SET_STRING, name, value.c_str(), 0) != 0)
      return fail_errno(errno, "tmpfs option {}={}", name, value);
  if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
    return fail_errno(errno, "make a tmpfs");
  unique_fd made(::fsmount(context.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
  if (!made) return fail_errno(errno, "fsmount tmpfs");
  return made;
}

result<void> write_below(const file_mount& plan, int folder, const std::string& name, const std::string& content) {
  const unique_fd file(::openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!file) return fail_errno(errno, "create {}", name);
  if (::fchmod(file.get(), 0644) != 0) return fail_errno(errno, "chmod {}", name); // whatever the umask is
  if ((plan.uid | plan.gid) != 0 && ::fchown(file.get(), plan.uid, plan.gid) != 0)
    return fail_errno(errno, "chown {}", name);
  return write_all(file.get(), content);
}

} // namespace

result<void> mount_files(const file_mount& plan) {
  GANTRY_LET(const auto bytes, size_of(plan));
  GANTRY_LET(const auto mounted, make_tmpfs(plan, std::max(least_room, 4 * bytes)));
  for (const auto& [name, content] : plan.files)
    if (auto written = write_below(plan, mounted.get(), name, content); !written)
      return within(written.error(), "{}/{}", plan.target, name);
  if (::move_mount(mounted.get(), "", AT_FDCWD, plan.target.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0)
    return fail_errno(errno, "mount a tmpfs at {}", plan.target);
  return {};
}

} // namespace gantry::sys
