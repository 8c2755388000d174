#include "store/layer/layer_tree.hpp"

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <deque>

namespace gantry::store {
namespace {

constexpr int max_symlinks = 40; // path_resolution(7)

std::string parent_of(const std::string& path) {
  auto slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

} // namespace

result<void> byte_budget::take(std::uint64_t more) {
  if (more > max - used) return fail(errc::exhausted, "the layer's files exceed the limit of {} bytes", max);
  used += more;
  return {};
}

result<layer_tree> layer_tree::open(const std::string& folder, lower_tree* parents, byte_budget& budget) {
  layer_tree tree;
  tree.root_.reset(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!tree.root_) return fail_errno(errno, "open the layer's folder {}", folder);
  tree.lower_ = parents;
  tree.budget_ = &budget;
  tree.defaults_ = creation_defaults::current();
  if (::fchown(tree.root_.get(), tree.defaults_.uid, tree.defaults_.gid) != 0 || ::fchmod(tree.root_.get(), 0700) != 0)
    return fail_errno(errno, "prepare the layer's folder {}", folder);
  tree.folders_.try_emplace("");
  return tree;
}

// Whether an opaque folder of this layer hides what the parents have at `path`.
bool layer_tree::hidden(const std::string& path) const {
  if (opaque_.empty()) return false;
  for (auto slash = path.rfind('/'); slash != std::string::npos && slash > 0; slash = path.rfind('/', slash - 1)) {
    if (opaque_.contains(path.substr(0, slash))) return true;
  }
  return false;
}

result<layer_tree::node> layer_tree::look(const std::string& path) {
  node seen;
  auto fd = open_beneath(root_.get(), path, O_PATH | O_NOFOLLOW);
  if (fd) {
    if (::fstat(fd.get(), &seen.status) != 0) return fail_errno(errno, "stat {}", printable(path));
    if (is_whiteout(seen.status)) return seen;
    seen.where = node::place::own;
    if (S_ISLNK(seen.status.st_mode)) {
      GANTRY_LET(seen.target, read_link(fd.get()));
    }
    return seen;
  }
  if (errno == ENOTDIR || errno == ELOOP) return seen; // this layer has put something else in a parent folder's place
  if (errno != ENOENT) return fail_errno(errno, "look at {}", printable(path));
  if (hidden(path)) return seen;
  if (lower_ == nullptr) {
    needs_parents_ = true;
    return fail(errc::failed_precondition, "{} depends on the layer's parents", printable(path));
  }
  used_parents_ = true;
  GANTRY_LET(auto below, lower_->look(path));
  if (!below) return seen;
  seen = node{node::place::lower, below->status, below->target, *below};
  return seen;
}

// What lies at `path` on the way to a name: "" to go on through it, else the target of a symlink to follow.
result<std::string> layer_tree::step(const node& found, const std::string& path, walk_for purpose) {
  if (S_ISDIR(found.status.st_mode)) {
    if (found.where == node::place::lower && purpose == walk_for::writing) GANTRY_TRY(make_implied(path, found));
    return std::string();
  }
  if (!S_ISLNK(found.status.st_mode))
    return fail(errc::corrupt, "it passes through {}, which is not a folder", printable(path));
  if (found.where == node::place::own && purpose == walk_for::hiding)
    return fail(errc::corrupt, "a whiteout cannot pass through {}, a symlink of its own layer", printable(path));
  if (found.where == node::place::lower && purpose != walk_for::hiding) used_lower_.insert(path);
  return found.target;
}

// The canonical path of the folder that `parts` lead to, symlinks followed as in a chroot of the merged tree.
// Nothing when it does not exist, unless for writing, which makes what is missing.
result<std::optional<std::string>> layer_tree::walk(const std::vector<std::string>& parts, walk_for purpose) {
  std::deque<std::string> todo(parts.begin(), parts.end());
  std::string at;
  for (int links = 0; !todo.empty();) {
    auto part = std::move(todo.front());
    todo.pop_front();
    if (part == "..") { // of a symlink; above the root is the root
      at = parent_of(at);
      continue;
    }
    auto path = join(at, part);
    GANTRY_LET(auto found, look(path));
    if (found.where == node::place::absent) {
      if (purpose != walk_for::writing) return std::nullopt;
      GANTRY_TRY(make_implied(path, found));
      at = std::move(path);
      continue;
    }
    GANTRY_LET(auto target, step(found, path, purpose));
    if (target.empty()) {
      at = std::move(path);
      continue;
    }
    if (++links > max_symlinks) return fail(errc::corrupt, "it passes through too many symlinks");
    if (target.front() == '/') at.clear();
    auto steps = components(target);
    todo.insert(todo.begin(), steps.begin(), steps.end());
  }
  return at;
}

result<layer_tree::place> layer_tree::enter(const std::vector<std::string>& folder) {
  if (entered_holds_ && folder == entered_names_) return entered_;
  entered_holds_ = false;
  auto path = join(folder);
  // Nearly always every folder on the way is the layer's own: one system call then.
  auto fd = open_beneath(root_.get(), path, O_PATH | O_DIRECTORY);
  if (!fd) {
    GANTRY_LET(auto found, walk(folder, walk_for::writing));
    path = std::move(*found);
    GANTRY_LET(fd, open_folder(root_.get(), path));
  }
  entered_fd_ = std::move(fd);
  entered_names_ = folder;
  entered_ = {entered_fd_.get(), std::move(path)};
  entered_holds_ = true;
  return entered_;
}

// A folder that names pass through but the layer has not listed (yet): as the parents have it, else 0755 root.
result<void> layer_tree::make_implied(const std::string& path, const node& below) {
  folder_record record;
  if (below.where == node::place::lower) {
    GANTRY_LET(auto source, lower_->open_found(below.found, path));
    GANTRY_LET(record.attrs, read_attributes(source.get()));
  }
  auto parent = parent_of(path);
  GANTRY_LET(auto folder, open_folder(root_.get(), parent));
  GANTRY_TRY(make_folder(folder.get(), path, path.substr(parent.empty() ? 0 : parent.size() + 1)));
  folders_[path] = std::move(record);
  return {};
}

result<void> layer_tree::mark_opaque(const std::string& path) {
  auto fd = open_beneath(root_.get(), path, O_RDONLY | O_DIRECTORY);
  if (!fd || ::fsetxattr(fd.get(), opaque_xattr, "y", 1, 0) != 0)
    return fail_errno(errno, "mark the folder {} as opaque", printable(path));
  opaque_.insert(path);
  return {};
}

result<void> layer_tree::finish() {
  for (const auto& [path, record] : folders_) {
    auto fd = open_beneath(root_.get(), path, O_RDONLY | O_DIRECTORY);
    if (!fd) return fail_errno(errno, "open the folder {}", printable(path));
    if (auto done = apply_to_folder(fd.get(), record.attrs); !done)
      return within(done.error(), "folder {}", printable(path));
  }
  if (!root_listed_ && ::fsetxattr(root_.get(), implied_root_xattr, "y", 1, 0) != 0)
    return fail_errno(errno, "mark the layer's root as implied");
  return {};
}

} // namespace gantry::store
