// layer_tree: whiteouts. They apply to the parents alone (image-spec layer.md), and they may stand after entries
// that they would have changed: those are put right, or refused where that cannot be done any more.
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "store/layer/layer_tree.hpp"

namespace gantry::store {
namespace {

struct close_dir {
  void operator()(DIR* stream) const { ::closedir(stream); }
};

result<void> unlink_whiteouts(int folder, const std::string& path) {
  auto fd = open_beneath(folder, path, O_RDONLY | O_DIRECTORY);
  std::unique_ptr<DIR, close_dir> stream(fd ? ::fdopendir(fd.get()) : nullptr);
  if (!stream) return fail_errno(errno, "list the folder {}", printable(path));
  (void)fd.release();
  while (auto* item = ::readdir(stream.get())) {
    struct stat status {};
    if (item->d_type != DT_CHR && item->d_type != DT_UNKNOWN) continue;
    if (::fstatat(::dirfd(stream.get()), item->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !is_whiteout(status))
      continue;
    if (::unlinkat(::dirfd(stream.get()), item->d_name, 0) != 0) return fail_errno(errno, "remove a whiteout");
  }
  return {};
}

} // namespace

// An entry before this whiteout has passed through, or linked to, what the whiteout says is not there.
result<void> layer_tree::refuse_if_used(const std::string& path) const {
  auto below = used_lower_.lower_bound(path + "/");
  if (used_lower_.contains(path) || (below != used_lower_.end() && below->starts_with(path + "/")))
    return fail(errc::corrupt, "the whiteout comes after entries that build on what it removes");
  return {};
}

// Whiteouts below an opaque folder hide nothing, and overlayfs would list them in a folder that is not merged.
result<void> layer_tree::remove_whiteouts(const std::string& path) {
  GANTRY_TRY(unlink_whiteouts(root_.get(), path));
  const auto end = folders_.lower_bound(path + "0");
  for (auto folder = folders_.lower_bound(path + "/"); folder != end; ++folder) {
    if (!hidden(folder->first)) GANTRY_TRY(unlink_whiteouts(root_.get(), folder->first));
  }
  return {};
}

// Folders below `path` that were implied got the parents' attributes, which are gone by the whiteout.
result<void> layer_tree::forget_parents_of(const std::string& path, bool itself) {
  if (auto own = folders_.find(path); itself && own != folders_.end() && own->second.from == origin::implied)
    own->second.attrs = {};
  const auto end = folders_.lower_bound(path + "0");
  for (auto folder = folders_.lower_bound(path + "/"); folder != end; ++folder) {
    if (folder->second.from == origin::implied) folder->second.attrs = {};
  }
  if (!opaque_.contains(path)) {
    GANTRY_TRY(remove_whiteouts(path));
    GANTRY_TRY(mark_opaque(path));
  }
  return prune(path, itself);
}

// Removes folders that were implied by whiteouts alone: whatever an entry implied holds that entry.
result<void> layer_tree::prune(const std::string& path, bool itself) {
  std::vector<std::string> implied; // children after their parents
  if (auto own = folders_.find(path); itself && own != folders_.end() && own->second.from == origin::implied)
    implied.push_back(path);
  const auto end = folders_.lower_bound(path + "0");
  for (auto folder = folders_.lower_bound(path + "/"); folder != end; ++folder) {
    if (folder->second.from == origin::implied) implied.push_back(folder->first);
  }
  for (; !implied.empty(); implied.pop_back()) {
    const auto& name = implied.back();
    auto slash = name.rfind('/');
    GANTRY_LET(auto parent, open_folder(root_.get(), slash == std::string::npos ? "" : name.substr(0, slash)));
    if (::unlinkat(parent.get(), name.substr(slash + 1).c_str(), AT_REMOVEDIR) != 0) {
      if (errno == ENOTEMPTY || errno == EEXIST) continue;
      return fail_errno(errno, "remove the folder {}", printable(name));
    }
    entered_holds_ = false;
    folders_.erase(name);
    opaque_.erase(name);
  }
  return {};
}

result<void> layer_tree::hide(const entry_name& name) {
  GANTRY_LET(auto folder, walk(name.folder, walk_for::hiding));
  if (!folder) return {}; // nothing there to hide
  auto path = join(*folder, name.leaf);
  GANTRY_TRY(refuse_if_used(path));
  struct stat status {};
  if (auto own = open_beneath(root_.get(), path, O_PATH | O_NOFOLLOW); own) {
    if (::fstat(own.get(), &status) != 0) return fail_errno(errno, "stat it");
    if (!S_ISDIR(status.st_mode)) return {};
    GANTRY_TRY(forget_parents_of(path, true));
    if (folders_.contains(path)) return {};
  } else if (errno != ENOENT) {
    return fail_errno(errno, "look at {}", printable(path));
  }
  if (hidden(path)) return {};
  if (lower_ != nullptr) {
    GANTRY_LET(auto below, lower_->look(path));
    used_parents_ = used_parents_ || !below;
    if (!below) return {};
  }
  GANTRY_LET(auto where, enter(components(*folder)));
  if (::mknodat(where.folder, name.leaf.c_str(), S_IFCHR, 0) != 0) return fail_errno(errno, "make a whiteout");
  return {};
}

// overlayfs merges the roots of all layers whatever their xattrs say, so each name of the parents is hidden by itself.
result<void> layer_tree::hide_root() {
  if (lower_ == nullptr) {
    needs_parents_ = true;
    return fail(errc::failed_precondition, "an opaque root depends on the layer's parents");
  }
  used_parents_ = true;
  GANTRY_LET(auto names, lower_->root_names());
  for (const auto& name : names) {
    entry_name hidden_name;
    hidden_name.leaf = name;
    GANTRY_TRY(hide(hidden_name));
  }
  return {};
}

result<void> layer_tree::hide_all(const std::vector<std::string>& folder) {
  GANTRY_LET(auto found, walk(folder, walk_for::hiding));
  if (!found) return {};
  if (found->empty()) return hide_root();
  if (opaque_.contains(*found) || hidden(*found)) return {};
  auto below = used_lower_.lower_bound(*found + "/");
  if (below != used_lower_.end() && below->starts_with(*found + "/"))
    return fail(errc::corrupt, "the opaque whiteout comes after entries that build on what it removes");
  GANTRY_TRY(enter(components(*found))); // makes it when it is implied
  return forget_parents_of(*found, false);
}

} // namespace gantry::store
