#include "runtime/spec/merged_view.hpp"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include "runtime/sys/files.hpp"
#include "runtime/sys/unique_fd.hpp"

namespace gantry::spec {
namespace {

constexpr int max_links = 40;               // as the kernel's own, path_resolution(7)
constexpr std::size_t max_components = 512; // of a path with its symlinks' targets spliced in

/// One folder of the merged tree: the layers' folders that make it up, topmost first.
using merged_folder = std::vector<sys::unique_fd>;

/// What a name stands for in a merged folder.
struct entry {
  sys::unique_fd fd; ///< O_PATH: of the topmost; never opened for reading until it is known to be a regular file
  struct stat info {};
  merged_folder folder; ///< when it is one: all that merge into it
};

/// Components still to walk, the next one last.
using pending = std::vector<std::string>;

result<void> push_components(pending& left, std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const auto part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    if (!part.empty() && part != ".") parts.emplace_back(part);
  }
  if (left.size() + parts.size() > max_components) return fail(errc::invalid_argument, "its path is too long");
  left.insert(left.end(), std::make_move_iterator(parts.rbegin()), std::make_move_iterator(parts.rend()));
  return {};
}

bool is_whiteout(const struct stat& info) {
  return S_ISCHR(info.st_mode) && major(info.st_rdev) == 0 && minor(info.st_rdev) == 0;
}

bool is_opaque(int path_fd) {
  // fgetxattr refuses O_PATH descriptors; the magic link stands for the same inode.
  std::array<char, 40> link{};
  std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", path_fd);
  char value = 0;
  return ::getxattr(link.data(), "trusted.overlay.opaque", &value, 1) == 1 && value == 'y';
}

merged_folder open_root(const std::vector<std::string>& layers) {
  merged_folder root;
  for (const auto& layer : layers)
    if (sys::unique_fd fd(::open(layer.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)); fd) root.push_back(std::move(fd));
  return root;
}

/// Looks `name` up by overlayfs's rules: the topmost decides what it is; a folder merges with the folders of lower
/// layers until one is opaque or something else stands there.
std::optional<entry> look_up(const merged_folder& in, const std::string& name) {
  std::optional<entry> found;
  for (const auto& layer : in) {
    sys::unique_fd fd(::openat(layer.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) continue;
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0 || is_whiteout(info)) break;
    if (found && !S_ISDIR(info.st_mode)) break;
    if (!found) found.emplace(entry{{}, info, {}});
    if (!S_ISDIR(info.st_mode)) {
      found->fd = std::move(fd);
      break;
    }
    const bool last = is_opaque(fd.get());
    found->folder.push_back(std::move(fd));
    if (last) break;
  }
  return found;
}

result<std::string> read_regular(const entry& file, std::size_t limit) {
  if (static_cast<std::uint64_t>(file.info.st_size) > limit)
    return fail(errc::exhausted, "it is larger than {} bytes", limit);
  std::array<char, 40> link{};
  std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", file.fd.get());
  const sys::unique_fd fd(::open(link.data(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd) return fail_errno(errno, "cannot open it");
  std::string content(static_cast<std::size_t>(file.info.st_size), '\0');
  std::size_t size = 0;
  while (size < content.size()) {
    const auto got = ::read(fd.get(), content.data() + size, content.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "cannot read it");
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  content.resize(size);
  return content;
}

result<std::string> link_target(const entry& link) {
  std::string target(PATH_MAX, '\0');
  const auto size = ::readlinkat(link.fd.get(), "", target.data(), target.size());
  if (size < 0) return fail_errno(errno, "cannot read a symlink");
  target.resize(static_cast<std::size_t>(size));
  return target;
}

/// A walk from the root: the folders above the present one, so that ".." is the merged parent and stops at the root.
class walk {
public:
  explicit walk(const std::vector<std::string>& layers) { stack_.push_back(open_root(layers)); }

  result<std::string> read(std::string_view path, std::size_t limit) {
    GANTRY_TRY(push_components(left_, path));
    while (!left_.empty()) {
      const auto name = std::move(left_.back());
      left_.pop_back();
      if (name == "..") {
        if (stack_.size() > 1) stack_.pop_back();
        continue;
      }
      auto found = look_up(stack_.back(), name);
      if (!found) return fail(errc::not_found, "no such file");
      if (S_ISLNK(found->info.st_mode)) {
        GANTRY_TRY(follow(*found));
      } else if (S_ISDIR(found->info.st_mode)) {
        stack_.push_back(std::move(found->folder));
      } else {
        if (!left_.empty()) return fail(errc::not_found, "no such file");
        if (!S_ISREG(found->info.st_mode)) break;
        return read_regular(*found, limit);
      }
    }
    return fail(errc::invalid_argument, "it is not a regular file");
  }

private:
  result<void> follow(const entry& link) {
    if (++links_ > max_links) return fail(errc::invalid_argument, "too many symlinks");
    GANTRY_LET(const auto target, link_target(link));
    if (target.starts_with('/')) stack_.resize(1);
    return push_components(left_, target);
  }

  std::vector<merged_folder> stack_;
  pending left_;
  int links_ = 0;
};

} // namespace

merged_view merged_view::of_running(pid_t init, std::uint64_t start_time, std::vector<std::string> layers) {
  merged_view view(std::move(layers));
  auto root = sys::rooted_dir::open("/proc/" + std::to_string(init) + "/root");
  // Looked at after the root was opened: the pid cannot have passed to another process before that.
  if (root && sys::process_start_time(init) == start_time) view.live_ = std::move(*root);
  return view;
}

result<merged_view> merged_view::of_tree(const sys::rooted_dir& root) {
  merged_view view({});
  GANTRY_LET(auto again, root.open_at(".", O_PATH | O_DIRECTORY));
  view.live_ = sys::rooted_dir(std::move(again));
  return view;
}

result<std::string> merged_view::read_file(std::string_view path, std::size_t limit) const {
  if (live_) {
    auto content = live_->read_file(path, limit, sys::rooted_dir::resolve::in_one_mount);
    if (content) return content;
    if (content.error().os_errno != EXDEV) return within(std::move(content.error()), "{} in the container", path);
  }
  auto content = walk(layers_).read(path, limit);
  if (!content) return within(std::move(content.error()), "{} in the image", path);
  return content;
}

} // namespace gantry::spec
