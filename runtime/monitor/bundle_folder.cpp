#include "runtime/monitor/bundle_folder.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <vector>

#include "runtime/sys/files.hpp"

namespace gantry::monitor {
namespace {

result<sys::unique_fd> locked(const std::string& path, int how) {
  sys::unique_fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return fail_errno(errno, "open {}", path);
  while (::flock(fd.get(), how) != 0)
    if (errno != EINTR) return fail_errno(errno, "lock {}", path);
  return fd;
}

std::string folder_of(const std::string& run_dir) { return run_dir + "/bundles"; }

result<bool> is_mounted(const std::string& run_dir) {
  struct stat inner {
  }, outer{};
  if (::stat(folder_of(run_dir).c_str(), &inner) != 0 || ::stat(run_dir.c_str(), &outer) != 0)
    return fail_errno(errno, "stat {}", folder_of(run_dir));
  struct statfs kind {};
  if (::statfs(folder_of(run_dir).c_str(), &kind) != 0) return fail_errno(errno, "statfs {}", folder_of(run_dir));
  return inner.st_dev != outer.st_dev && kind.f_type == TMPFS_MAGIC;
}

} // namespace

result<bundle_folder> bundle_folder::open(const std::string& run_dir) {
  GANTRY_TRY(sys::make_directories(folder_of(run_dir), 0700));
  GANTRY_LET(auto setup, locked(run_dir + "/bundles.setup", LOCK_EX));
  GANTRY_LET(auto user, locked(run_dir + "/bundles.lock", LOCK_SH));
  GANTRY_LET(bool mounted, is_mounted(run_dir));
  auto path = folder_of(run_dir);
  if (!mounted && ::mount("gantry", path.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=0700") != 0)
    return fail_errno(errno, "mount a tmpfs at {}", path);
  if (::mount(nullptr, path.c_str(), nullptr, MS_PRIVATE, nullptr) != 0)
    return fail_errno(errno, "make {} private", path);
  return bundle_folder(run_dir, std::move(user));
}

void bundle_folder::close() {
  auto setup = locked(run_dir_ + "/bundles.setup", LOCK_EX);
  if (!setup || ::flock(user_.get(), LOCK_EX | LOCK_NB) != 0) return;
  // Bundles may lie a folder deeper (one folder per namespace): empty ones go. One that is not empty is a container's,
  // and keeps the mount.
  auto path = folder_of(run_dir_);
  std::error_code failed;
  bool empty = true;
  for (const auto& entry : std::filesystem::directory_iterator(path, failed))
    empty = ::rmdir(entry.path().c_str()) == 0 && empty;
  // Lazily: a runtime that was given up may still have its working directory there, which must not keep the mount.
  if (empty && !failed) ::umount2(path.c_str(), UMOUNT_NOFOLLOW | MNT_DETACH);
}

bool bundle_folder::holds(std::string_view bundle) const {
  auto prefix = folder_of(run_dir_) + "/";
  return bundle.starts_with(prefix) && bundle.size() > prefix.size() && bundle.size() < 4000 &&
         bundle.find('\0') == std::string_view::npos && (std::string(bundle) + "/").find("/../") == std::string::npos &&
         (std::string(bundle) + "/").find("/./") == std::string::npos && !bundle.ends_with('/');
}

namespace {

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

/// Others may then go through it, and still not see what is in it.
result<void> open_passage(const std::string& folder) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) return fail_errno(errno, "stat {}", folder);
  if ((status.st_mode & S_IXOTH) != 0 || ::chmod(folder.c_str(), (status.st_mode & 07777) | S_IXOTH) == 0) return {};
  return fail_errno(errno, "chmod {}", folder);
}

/// All above the bundle as far as it is the run folder's; what is secret there has a folder of its own.
result<void> let_pass(const bundle_content& content) {
  if (::chown(content.path.c_str(), 0, content.group) != 0 || ::chmod(content.path.c_str(), 0710) != 0)
    return fail_errno(errno, "let group {} through {}", content.group, content.path);
  auto above = parent_of(content.path);
  for (; !above.empty() && !above.ends_with("/bundles"); above = parent_of(above)) GANTRY_TRY(open_passage(above));
  if (above.empty()) return {};
  GANTRY_TRY(open_passage(above));
  return open_passage(parent_of(above));
}

} // namespace

result<void> make_bundle(const bundle_content& content) {
  if (::access(content.path.c_str(), F_OK) == 0) GANTRY_TRY(sys::remove_tree(content.path));
  GANTRY_TRY(sys::make_directories(content.path, 0700));
  std::vector<std::string> folders{"/rootfs", "/files"};
  if (content.scratch_upper) folders.insert(folders.end(), {"/upper", "/work"});
  for (const auto& folder : folders)
    if (::mkdir((content.path + folder).c_str(), 0755) != 0)
      return fail_errno(errno, "mkdir {}{}", content.path, folder);
  if (content.group != 0) GANTRY_TRY(let_pass(content));
  return sys::write_file(content.path + "/config.json", content.config_json, 0600);
}

} // namespace gantry::monitor
