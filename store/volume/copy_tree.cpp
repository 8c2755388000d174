#include "store/volume/copy_tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/volume/attributes.hpp"
#include "store/volume/copy_content.hpp"

namespace gantry::store {
namespace {

using sys::rooted_dir;
using sys::unique_fd;
constexpr auto beneath = rooted_dir::resolve::beneath;

/// The names in a directory. All at once: the descriptors then need not stay open through readdir(3).
result<std::vector<std::string>> names_in(const rooted_dir& directory, std::uint64_t limit) {
  GANTRY_LET(auto fd, directory.open_at(".", O_RDONLY | O_DIRECTORY, 0, beneath));
  std::unique_ptr<DIR, int (*)(DIR*)> opened(::fdopendir(fd.get()), &::closedir);
  if (!opened) return fail_errno(errno, "list");
  (void)fd.release();
  std::vector<std::string> names;
  while (auto* entry = ::readdir(opened.get())) {
    std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (names.size() >= limit) return fail(errc::exhausted, "more than the limit of entries to copy");
    names.push_back(std::move(name));
  }
  return names;
}

class copier {
public:
  copier(const rooted_dir& to, std::stop_token stop, copy_limits limits)
      : top_(to), stop_(std::move(stop)), limits_(limits) {}

  /// The content of `from` into `to`, then `from`'s own attributes: what is written below changes times.
  result<void> directory(const rooted_dir& from, const rooted_dir& to, const std::string& path, std::size_t depth) {
    if (depth > limits_.depth) return fail(errc::exhausted, "more than {} directories deep", limits_.depth);
    GANTRY_LET(auto names, names_in(from, limits_.entries - total_.entries));
    for (const auto& name : names) {
      if (stop_.stop_requested()) return fail(errc::cancelled, "nobody waits any more for the copy");
      auto below = path.empty() ? name : path + "/" + name;
      auto copied = entry(from, to, name, below, depth);
      if (copied) continue;
      if (failed_at_.empty()) failed_at_ = below;
      return copied;
    }
    GANTRY_LET(auto source, from.open_at(".", O_RDONLY | O_DIRECTORY, 0, beneath));
    GANTRY_LET(auto target, to.open_at(".", O_RDONLY | O_DIRECTORY, 0, beneath));
    return copy_attributes(source.get(), target.get());
  }

  [[nodiscard]] copied_tree total() const { return total_; }
  [[nodiscard]] const std::string& failed_at() const { return failed_at_; } ///< the path of the first failure

private:
  result<void> entry(const rooted_dir& from, const rooted_dir& to, const std::string& name, const std::string& path,
                     std::size_t depth) {
    if (++total_.entries > limits_.entries) return fail(errc::exhausted, "more than {} entries", limits_.entries);
    GANTRY_LET(auto source, from.open_at(name, O_PATH | O_NOFOLLOW, 0, beneath));
    struct stat status {};
    if (::fstat(source.get(), &status) != 0) return fail_errno(errno, "stat");
    if (S_ISDIR(status.st_mode)) return subdirectory(std::move(source), to, name, path, depth);
    if (S_ISSOCK(status.st_mode) || is_whiteout(status)) return {};
    GANTRY_LET(bool linked, link_to_copy(status, to, name, path));
    if (linked) return {};
    if (S_ISREG(status.st_mode)) return regular(from, status, to, name);
    return special(source.get(), status, to, name);
  }

  /// overlayfs's mark for a name that is gone; it is seen only when the source is a layer's folder.
  static bool is_whiteout(const struct stat& status) { return S_ISCHR(status.st_mode) && status.st_rdev == 0; }

  result<void> subdirectory(unique_fd source, const rooted_dir& to, const std::string& name, const std::string& path,
                            std::size_t depth) {
    if (::mkdirat(to.fd(), name.c_str(), 0700) != 0) return fail_errno(errno, "mkdir");
    GANTRY_LET(auto target, to.open_at(name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, beneath));
    return directory(rooted_dir(std::move(source)), rooted_dir(std::move(target)), path, depth + 1);
  }

  /// A file with several names is copied at its first; the others become links to that copy.
  result<bool> link_to_copy(const struct stat& status, const rooted_dir& to, const std::string& name,
                            const std::string& path) {
    if (status.st_nlink < 2) return false;
    auto [known, fresh] = copies_.emplace(std::pair(status.st_dev, status.st_ino), path);
    if (fresh) return false;
    GANTRY_LET(auto copy, top_.open_at(known->second, O_PATH | O_NOFOLLOW, 0, beneath));
    auto link = fmt::format("/proc/self/fd/{}", copy.get()); // AT_EMPTY_PATH would need a capability
    if (::linkat(AT_FDCWD, link.c_str(), to.fd(), name.c_str(), AT_SYMLINK_FOLLOW) != 0)
      return fail_errno(errno, "link");
    return true;
  }

  result<void> regular(const rooted_dir& from, const struct stat& seen, const rooted_dir& to, const std::string& name) {
    // O_NONBLOCK: what is opened may be a FIFO by now.
    GANTRY_LET(auto source, from.open_at(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0, beneath));
    struct stat status {};
    if (::fstat(source.get(), &status) != 0) return fail_errno(errno, "stat");
    if (status.st_ino != seen.st_ino || !S_ISREG(status.st_mode))
      return fail(errc::unavailable, "it was replaced while it was copied");
    GANTRY_LET(auto target, to.open_at(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600, beneath));
    GANTRY_LET(auto bytes, copy_content(source.get(), target.get(), limits_.bytes - total_.bytes));
    total_.bytes += bytes;
    return copy_attributes(source.get(), target.get());
  }

  static result<void> special(int source, const struct stat& status, const rooted_dir& to, const std::string& name) {
    if (S_ISLNK(status.st_mode)) {
      char text[4096]; // PATH_MAX, the kernel's limit for a symlink
      auto size = ::readlinkat(source, "", text, sizeof text);
      if (size < 0) return fail_errno(errno, "read the symlink");
      std::string target(text, static_cast<std::size_t>(size));
      if (::symlinkat(target.c_str(), to.fd(), name.c_str()) != 0) return fail_errno(errno, "symlink");
    } else if (::mknodat(to.fd(), name.c_str(), (status.st_mode & S_IFMT) | 0600, status.st_rdev) != 0) {
      return fail_errno(errno, "make the special file");
    }
    return copy_attributes_at(source, to.fd(), name);
  }

  const rooted_dir& top_;
  std::stop_token stop_;
  copy_limits limits_;
  copied_tree total_;
  std::string failed_at_;
  std::map<std::pair<dev_t, ino_t>, std::string> copies_; ///< path below top_ of the first copy
};

} // namespace

result<copied_tree> copy_tree(const rooted_dir& from, const rooted_dir& to, std::stop_token stop, copy_limits limits) {
  copier one(to, std::move(stop), limits);
  auto copied = one.directory(from, to, "", 0);
  if (!copied) return within(copied.error(), "copy /{}", one.failed_at());
  return one.total();
}

} // namespace gantry::store
