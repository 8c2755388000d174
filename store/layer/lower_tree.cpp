#include "store/layer/lower_tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/xattr.h>

#include <cerrno>
#include <memory>
#include <numeric>

#include "store/layer/beneath.hpp"
#include "store/layer/entry_name.hpp"

namespace gantry::store {

result<lower_tree> lower_tree::open(const parent_view& parents) {
  lower_tree tree;
  for (const auto& folder : parents.folders) {
    sys::unique_fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return fail_errno(errno, "open the parent layer {}", folder);
    tree.roots_.push_back(std::move(fd));
  }
  tree.last_layers_.resize(tree.roots_.size());
  std::iota(tree.last_layers_.begin(), tree.last_layers_.end(), std::size_t{0});
  return tree;
}

bool lower_tree::is_opaque(std::size_t layer, const std::string& path) const {
  auto fd = open_beneath(roots_[layer].get(), path, O_RDONLY | O_DIRECTORY);
  char value = 0;
  return fd && ::fgetxattr(fd.get(), opaque_xattr, &value, 1) == 1 && value == 'y';
}

result<lower_tree::answer> lower_tree::look_in(const layer_list& layers, const std::string& path) const {
  answer so_far;
  for (auto layer : layers) {
    auto fd = open_beneath(roots_[layer].get(), path, O_PATH | O_NOFOLLOW);
    if (!fd && errno == ENOENT) continue;
    struct stat status {};
    if (!fd || ::fstat(fd.get(), &status) != 0) return fail_errno(errno, "look at {} in a parent", printable(path));
    const bool is_folder = S_ISDIR(status.st_mode);
    if (!is_folder && so_far.what) break; // a folder above it shadows it
    if (is_whiteout(status)) break;
    if (!so_far.what) so_far.what = found{layer, status, {}};
    if (S_ISLNK(status.st_mode)) {
      GANTRY_LET(so_far.what->target, read_link(fd.get()));
    }
    if (!is_folder) break;
    so_far.folders.push_back(layer);
    if (is_opaque(layer, path)) break;
  }
  return so_far;
}

result<lower_tree::layer_list> lower_tree::layers_of(const std::string& folder) {
  if (folder == last_folder_) return last_layers_;
  layer_list layers(roots_.size());
  std::iota(layers.begin(), layers.end(), std::size_t{0});
  for (std::size_t end = 0; !folder.empty() && end != std::string::npos && !layers.empty();) {
    end = folder.find('/', end + 1);
    GANTRY_LET(auto step, look_in(layers, folder.substr(0, end)));
    layers = std::move(step.folders);
  }
  last_folder_ = folder;
  last_layers_ = layers;
  return layers;
}

result<std::optional<lower_tree::found>> lower_tree::look(const std::string& path) {
  auto slash = path.rfind('/');
  GANTRY_LET(auto layers, layers_of(slash == std::string::npos ? "" : path.substr(0, slash)));
  GANTRY_LET(auto here, look_in(layers, path));
  return std::move(here.what);
}

result<sys::unique_fd> lower_tree::open_found(const found& what, const std::string& path) const {
  auto fd = open_beneath(roots_[what.layer].get(), path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  if (!fd) return fail_errno(errno, "open {} in a parent", printable(path));
  return fd;
}

namespace {

/// Calls `visit(name)` for each entry of the folder `path` of `root`.
template<class Visit>
result<void> for_each_name(int root, const std::string& path, Visit visit) {
  auto fd = open_beneath(root, path, O_RDONLY | O_DIRECTORY);
  std::unique_ptr<DIR, int (*)(DIR*)> stream(fd ? ::fdopendir(fd.get()) : nullptr, &::closedir);
  if (!stream) return fail_errno(errno, "list {} in a parent", printable(path));
  (void)fd.release();
  while (auto* item = ::readdir(stream.get()))
    if (std::string name = item->d_name; name != "." && name != "..") visit(::dirfd(stream.get()), name);
  return {};
}

} // namespace

result<std::set<std::string>> lower_tree::names(const std::string& path) {
  GANTRY_LET(auto layers, layers_of(path));
  std::set<std::string> shown, removed;
  for (auto layer : layers) // topmost first: what it has, or removes, is not looked for below
    GANTRY_TRY(for_each_name(roots_[layer].get(), path, [&](int folder, const std::string& name) {
      struct stat status {};
      if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return;
      if (is_whiteout(status) && !shown.contains(name)) removed.insert(name);
      if (!is_whiteout(status) && !removed.contains(name)) shown.insert(name);
    }));
  return shown;
}

result<std::set<std::string>> lower_tree::root_names() const {
  std::set<std::string> names;
  for (const auto& root : roots_)
    GANTRY_TRY(for_each_name(root.get(), "", [&](int, const std::string& name) { names.insert(name); }));
  return names;
}

} // namespace gantry::store
