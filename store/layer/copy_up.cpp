// layer_tree: a parent's file becomes this layer's own, so that it can be linked to.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "store/layer/layer_tree.hpp"

namespace gantry::store {
namespace {

result<void> copy_range(int from, int to, off_t at, off_t end) {
  while (at < end) {
    off_t write_at = at;
    auto wanted = static_cast<std::size_t>(end - at);
    auto copied = ::copy_file_range(from, &at, to, &write_at, wanted, 0);
    if (copied < 0 && errno == EINTR) continue;
    if (copied < 0) return fail_errno(errno, "copy a parent's file");
    if (copied == 0) return fail(errc::corrupt, "a parent's file became shorter while it was copied");
  }
  return {};
}

// Holes stay holes.
result<void> copy_content(int from, int to, off_t size) {
  for (off_t at = 0; at < size;) {
    auto data = ::lseek(from, at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break; // a hole to the end
    auto end = data < 0 ? data : ::lseek(from, data, SEEK_HOLE);
    if (end < 0) return fail_errno(errno, "read a parent's file");
    GANTRY_TRY(copy_range(from, to, data, end));
    at = end;
  }
  if (::ftruncate(to, size) != 0) return fail_errno(errno, "extend a copied file");
  return {};
}

entry_name named(const std::string& path) {
  entry_name name;
  auto slash = path.rfind('/');
  for (std::size_t at = 0; slash != std::string::npos && at < slash;) {
    auto end = std::min(path.find('/', at), slash);
    name.folder.push_back(path.substr(at, end - at));
    at = end + 1;
  }
  name.leaf = slash == std::string::npos ? path : path.substr(slash + 1);
  return name;
}

entry_kind kind_of(mode_t mode) {
  if (S_ISLNK(mode)) return entry_kind::symlink;
  if (S_ISCHR(mode)) return entry_kind::char_device;
  return S_ISBLK(mode) ? entry_kind::block_device : entry_kind::fifo;
}

} // namespace

result<void> layer_tree::copy_up(const std::string& path, const lower_tree::found& what) {
  used_lower_.insert(path);
  if (!S_ISREG(what.status.st_mode)) return copy_special(path, what);
  GANTRY_TRY(budget_->take(static_cast<std::uint64_t>(what.status.st_size)));
  GANTRY_LET(auto from, lower_->open_found(what, path));
  GANTRY_LET(auto attrs, read_attributes(from.get()));
  GANTRY_LET(auto to, add_file(named(path), attrs.mode));
  GANTRY_TRY(copy_content(from.get(), to.get(), what.status.st_size));
  return finish_file(to.get(), attrs, defaults_);
}

result<void> layer_tree::copy_special(const std::string& path, const lower_tree::found& what) {
  const auto& s = what.status;
  tar_entry entry;
  entry.kind = kind_of(s.st_mode);
  entry.attrs = {s.st_mode & 07777, s.st_uid, s.st_gid, s.st_mtim, {}};
  entry.device = s.st_rdev;
  if (entry.kind == entry_kind::symlink) return add_symlink(named(path), what.target, entry.attrs);
  return add_special(named(path), entry);
}

} // namespace gantry::store
