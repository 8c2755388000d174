#include "store/snapshot/upper_tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>

#include "store/layer/beneath.hpp"
#include "store/layer/entry_name.hpp"

namespace gantry::store {
namespace {

constexpr std::size_t max_depth = 512; // a descriptor each
constexpr std::uint64_t max_items = 2'000'000;

result<std::vector<std::string>> names_in(int folder) {
  auto fd = open_beneath(folder, "", O_RDONLY | O_DIRECTORY);
  std::unique_ptr<DIR, int (*)(DIR*)> listing(fd ? ::fdopendir(fd.get()) : nullptr, &::closedir);
  if (!listing) return fail_errno(errno, "list a folder of the writable layer");
  (void)fd.release();
  std::vector<std::string> names;
  while (const auto* entry = ::readdir(listing.get())) {
    std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (names.size() == max_items) return fail(errc::exhausted, "a folder has more than {} names", max_items);
    names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool is_opaque(int folder) {
  char value = 0;
  auto fd = open_beneath(folder, "", O_RDONLY | O_DIRECTORY);
  return fd && ::fgetxattr(fd.get(), opaque_xattr, &value, 1) == 1 && value == 'y';
}

/// dockerd's rule (archive.statDifferent): a folder's time and size say nothing of itself.
bool same_attributes(const struct stat& a, const struct stat& b) {
  if (a.st_mode != b.st_mode || a.st_uid != b.st_uid || a.st_gid != b.st_gid || a.st_rdev != b.st_rdev) return false;
  return S_ISDIR(a.st_mode) ||
         (a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec);
}

class walk {
public:
  walk(lower_tree& below, const std::function<result<void>(const upper_item&)>& visit) : below_(below), visit_(visit) {}

  result<void> folder(int fd, const std::string& path, std::size_t depth) {
    if (depth == max_depth) return fail(errc::exhausted, "{} is more than {} folders deep", printable(path), max_depth);
    GANTRY_LET(auto names, names_in(fd));
    for (const auto& name : names) {
      auto child = open_beneath(fd, name, O_PATH | O_NOFOLLOW);
      if (!child && errno == ENOENT) continue;
      if (!child) return fail_errno(errno, "open {}", printable(join(path, name)));
      GANTRY_TRY(item(child.get(), join(path, name), depth));
    }
    return {};
  }

private:
  result<void> item(int fd, std::string path, std::size_t depth) {
    if (++items_ > max_items) return fail(errc::exhausted, "the writable layer holds more than {} files", max_items);
    upper_item one;
    one.path = std::move(path);
    one.fd = fd;
    if (::fstat(fd, &one.status) != 0) return fail_errno(errno, "stat {}", printable(one.path));
    GANTRY_LET(auto below, below_.look(one.path));
    if (is_whiteout(one.status)) {
      one.what = upper_item::kind::removed;
      one.fd = -1;
      return below ? visit_(one) : result<void>();
    }
    one.opaque = S_ISDIR(one.status.st_mode) && is_opaque(fd);
    if (below && same_attributes(one.status, below->status))
      one.what = upper_item::kind::untouched;
    else if (below)
      one.what = upper_item::kind::modified;
    GANTRY_TRY(visit_(one));
    if (!S_ISDIR(one.status.st_mode)) return {};
    if (one.opaque && below) GANTRY_TRY(hidden_below(fd, one.path));
    return folder(fd, one.path, depth + 1);
  }

  /// What was in the folder that an opaque one took the place of, and is not in it.
  result<void> hidden_below(int fd, const std::string& path) {
    GANTRY_LET(auto names, below_.names(path));
    for (const auto& name : names) {
      struct stat status {};
      if (::fstatat(fd, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) continue;
      upper_item gone;
      gone.path = join(path, name);
      gone.what = upper_item::kind::removed;
      gone.opaque = true;
      GANTRY_TRY(visit_(gone));
    }
    return {};
  }

  lower_tree& below_;
  const std::function<result<void>(const upper_item&)>& visit_;
  std::uint64_t items_ = 0;
};

} // namespace

result<void> walk_upper(const upper_tree& of, const std::function<result<void>(const upper_item&)>& visit) {
  GANTRY_LET(auto below, lower_tree::open({of.parents}));
  sys::unique_fd root(::open(of.upper.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) return fail_errno(errno, "open the writable layer");
  return walk(below, visit).folder(root.get(), "", 0);
}

} // namespace gantry::store
