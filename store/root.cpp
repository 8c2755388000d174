#include "store/root.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <memory>
#include <optional>

#include "runtime/sys/files.hpp"

namespace gantry::store {
namespace {

/// The pid that the engine wrote which has the lock; for the message only.
std::string holder_of(const std::string& lock_file) {
  auto text = sys::read_file(lock_file, 64);
  if (!text || text->empty()) return "another process";
  if (text->back() == '\n') text->pop_back();
  return "process " + *text;
}

result<sys::unique_fd> take_lock(const layout& paths) {
  auto file = paths.lock_file();
  sys::unique_fd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return fail_errno(errno, "open {}", file);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return fail_errno(errno, "lock {}", file);
    return fail(errc::failed_precondition,
                "{} is in use by {}: two engines cannot share a root. Stop that one, or give this one another --root",
                paths.root(), holder_of(file));
  }
  if (::ftruncate(fd.get(), 0) != 0) return fail_errno(errno, "truncate {}", file);
  GANTRY_TRY(sys::write_all(fd.get(), std::to_string(::getpid()) + "\n"));
  return fd;
}

/// Without VERSION a folder is ours only if it is empty: making a folder of somebody else's 0700, and sweeping in it,
/// would do harm. VERSION is the first thing written, so a crash of the first start leaves no more than these.
bool may_stand_beside_no_version(std::string_view name) {
  return name == "." || name == ".." || name == "lock" || name == "lost+found" || name.starts_with("VERSION.");
}

result<void> expect_empty(const layout& paths) {
  std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(paths.root().c_str()), &::closedir);
  if (!dir) return fail_errno(errno, "open {}", paths.root());
  while (auto* entry = ::readdir(dir.get()))
    if (!may_stand_beside_no_version(entry->d_name))
      return fail(
          errc::failed_precondition,
          "{} holds {} but no VERSION file, so it is not a store of Gantry: choose a folder that is new or empty",
          paths.root(), entry->d_name);
  return {};
}

/// The version on disk; none when the root is new.
result<std::optional<int>> read_version(const layout& paths) {
  auto text = sys::read_file(paths.version_file(), 64);
  if (!text && text.error().code == errc::not_found) return std::nullopt;
  if (!text) return tl::unexpected(text.error());
  int version = -1;
  auto [end, bad] = std::from_chars(text->data(), text->data() + text->size(), version);
  if (bad != std::errc() || version < 0 || std::string_view(end, text->data() + text->size()) != "\n")
    return fail(errc::corrupt,
                "{} does not hold a layout version: if this folder is a store of Gantry, write \"{}\" into it",
                paths.version_file(), layout_version);
  return version;
}

result<void> make_mount_points(const std::string& top) {
  for (const auto* folder : {"", "/dev", "/proc", "/sys", "/etc"})
    GANTRY_TRY(sys::make_directories(top + folder, 0755));
  for (const auto* file : {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf"}) {
    const auto path = top + file;
    const sys::unique_fd made(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!made) return fail_errno(errno, "create {}", path);
  }
  return {};
}

result<void> make_folders(const layout& paths) {
  for (auto algo : {digest::algorithm::sha256, digest::algorithm::sha512})
    GANTRY_TRY(sys::make_directories(paths.blobs(algo), 0700));
  for (const auto& folder : {paths.ingest(), paths.layers(), paths.snapshots(), paths.containers(), paths.volumes()})
    GANTRY_TRY(sys::make_directories(folder, 0700));
  return make_mount_points(paths.mount_points());
}

/// Brings the layout to layout_version. Layout 0 is a new folder; a step from 1 to 2 is added here, before the folders
/// are made, and must be safe to run again after a crash in the middle.
result<void> migrate(const layout& paths, std::optional<int> found) {
  if (found && *found > layout_version)
    return fail(errc::failed_precondition,
                "{} was written by a newer Gantry: its layout is version {}, this Gantry knows versions up to {}. "
                "Install the newer Gantry, or choose another --root",
                paths.root(), *found, layout_version);
  if (!found) GANTRY_TRY(expect_empty(paths));
  if (found != layout_version)
    GANTRY_TRY(
        sys::write_file(paths.version_file(), std::to_string(layout_version) + "\n", 0600, sys::durability::synced));
  return make_folders(paths);
}

} // namespace

result<root> root::open(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  if (path.empty() || path[0] != '/')
    return fail(errc::invalid_argument, "the root \"{}\" is not an absolute path", path);
  layout paths(std::move(path));
  GANTRY_TRY(sys::make_directories(paths.root(), 0700));
  GANTRY_LET(auto found, read_version(paths));
  if (!found) GANTRY_TRY(expect_empty(paths));
  GANTRY_LET(auto lock, take_lock(paths));
  GANTRY_LET(found, read_version(paths)); // again: another engine may have made the root meanwhile
  GANTRY_TRY(migrate(paths, found));
  if (::chmod(paths.root().c_str(), 0700) != 0) return fail_errno(errno, "chmod {}", paths.root());
  return root(std::move(paths), std::move(lock));
}

} // namespace gantry::store
