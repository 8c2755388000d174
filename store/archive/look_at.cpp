#include "store/archive/look_at.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "store/archive/tree_path.hpp"
#include "store/layer/beneath.hpp"

namespace gantry::store {
namespace {

constexpr int max_symlinks = 255;           // github.com/moby/moby pkg/symlink
constexpr std::size_t max_components = 512; // of a path with its links' targets spliced in

/// Components, the next one last, before those that are left.
void push(std::vector<std::string>& left, std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const auto part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    if (!part.empty() && part != ".") parts.emplace_back(part);
  }
  left.insert(left.end(), parts.rbegin(), parts.rend());
}

/// The target of the link at `path`; empty when no link is there.
std::string target_at(const sys::rooted_dir& root, const std::string& path) {
  const auto fd = root.open_at(path, O_PATH | O_NOFOLLOW);
  struct stat status {};
  if (!fd || ::fstat(fd->get(), &status) != 0 || !S_ISLNK(status.st_mode)) return {};
  return read_link(fd->get()).value_or("");
}

/// Only said to the client, who asks by it again: nothing is opened by a path that was found here.
result<std::string> follow(const sys::rooted_dir& root, const std::string& clean) {
  std::vector<std::string> left;
  push(left, clean);
  std::string at;
  for (int links = 0; !left.empty();) {
    const auto name = std::move(left.back());
    left.pop_back();
    if (name == "..") {
      at.erase(std::min(at.size(), at.rfind('/')));
      continue;
    }
    const auto target = target_at(root, at + "/" + name);
    if (target.empty()) {
      at += "/" + name;
      continue;
    }
    if (++links > max_symlinks || left.size() > max_components)
      return fail(errc::invalid_argument, "{}: too many links", clean);
    if (target.starts_with('/')) at.clear();
    push(left, target);
  }
  return at.empty() ? "/" : at;
}

} // namespace

error path_error(error why) {
  if (why.os_errno == ENOTDIR || why.os_errno == ELOOP || why.os_errno == ENAMETOOLONG)
    why.code = errc::invalid_argument;
  return why;
}

result<path_info> look_at(const sys::rooted_dir& root, const std::string& clean) {
  auto fd = root.open_at(clean, O_PATH | O_NOFOLLOW);
  if (!fd) return tl::unexpected<error>(path_error(std::move(fd.error())));
  path_info found;
  found.name = base_name(clean);
  if (::fstat(fd->get(), &found.status) != 0) return fail_errno(errno, "stat {}", clean);
  if (S_ISLNK(found.status.st_mode)) {
    GANTRY_LET(found.link_target, follow(root, clean));
  }
  return found;
}

} // namespace gantry::store
