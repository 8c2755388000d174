#include "store/snapshot/snapshots.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/sys/files.hpp"
#include "store/folder_name.hpp"
#include "store/volume/attributes.hpp"

namespace gantry::store {
namespace {

result<sys::unique_fd> open_folder(const std::string& path) {
  sys::unique_fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return fail_errno(errno, "open {}", path);
  return fd;
}

result<void> make_folder(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) != 0) return fail_errno(errno, "mkdir {}", path);
  if (::chmod(path.c_str(), mode) != 0) return fail_errno(errno, "chmod {}", path); // whatever the umask
  return {};
}

result<void> fill(const layout& paths, std::uint64_t n, std::optional<std::uint64_t> top_layer) {
  GANTRY_TRY(make_folder(paths.snapshot_work(n), 0700));
  GANTRY_TRY(make_folder(paths.snapshot_upper(n), 0755));
  if (!top_layer) return {};
  GANTRY_LET(auto from, open_folder(paths.layer_path(*top_layer)));
  GANTRY_LET(auto to, open_folder(paths.snapshot_upper(n)));
  return copy_attributes(from.get(), to.get());
}

} // namespace

result<void> prepare_snapshot(const layout& paths, std::uint64_t n, std::optional<std::uint64_t> top_layer) {
  auto folder = paths.snapshot_path(n);
  GANTRY_TRY(make_folder(folder, 0700));
  auto made = fill(paths, n, top_layer);
  if (made) return {};
  (void)sys::remove_tree(folder);
  return within(made.error(), "prepare snapshot {}", n);
}

result<std::string> retire_folder(const std::string& path) {
  auto slash = path.rfind('/');
  auto gone = path.substr(0, slash + 1) + gone_name(std::string_view(path).substr(slash + 1));
  if (::rename(path.c_str(), gone.c_str()) == 0) return gone;
  if (errno == ENOENT) return std::string();
  return fail_errno(errno, "rename {}", path);
}

result<std::string> retire_snapshot(const layout& paths, std::uint64_t n) {
  return retire_folder(paths.snapshot_path(n));
}

} // namespace gantry::store
