#include "store/snapshot/layers.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "runtime/sys/files.hpp"
#include "store/snapshot/snapshots.hpp"

namespace gantry::store {

result<std::string> begin_layer(const layout& paths, std::uint64_t n) {
  struct stat status {};
  if (::lstat(paths.layer_path(n).c_str(), &status) == 0)
    return fail(errc::already_exists, "the layer folder {} is there already", paths.layer_path(n));
  auto path = paths.new_layer_path(n);
  GANTRY_TRY(sys::remove_tree(path));
  if (::mkdir(path.c_str(), 0755) != 0) return fail_errno(errno, "mkdir {}", path);
  if (::chmod(path.c_str(), 0755) != 0) return fail_errno(errno, "chmod {}", path);
  return path;
}

result<void> commit_layer(const layout& paths, std::uint64_t n) {
  auto made = paths.new_layer_path(n);
  auto whole = paths.layer_path(n);
  sys::unique_fd fd(::open(made.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return fail_errno(errno, "open {}", made);
  if (::syncfs(fd.get()) != 0) return fail_errno(errno, "sync {}", made);
  if (::renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, whole.c_str(), RENAME_NOREPLACE) != 0)
    return fail_errno(errno, "rename {} to {}", made, whole);
  return sys::sync_directory(paths.layers());
}

result<void> discard_layer(const layout& paths, std::uint64_t n) { return sys::remove_tree(paths.new_layer_path(n)); }

result<std::string> retire_layer(const layout& paths, std::uint64_t n) { return retire_folder(paths.layer_path(n)); }

} // namespace gantry::store
