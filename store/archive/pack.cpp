#include "store/archive/pack.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <memory>
#include <vector>

#include "store/archive/tree_path.hpp"
#include "store/layer/beneath.hpp"

namespace gantry::store {
namespace {

using sys::unique_fd;
constexpr std::size_t max_depth = 1024;      // of folders: a descriptor each
constexpr std::size_t max_names = 1'000'000; // in a folder
constexpr std::size_t max_links = 1'000'000; // files of several names that are remembered; more are packed twice

/// The same inode again, to be read: by way of /proc, as nobody can put another file there in between.
unique_fd reopened(int fd, int flags) {
  return unique_fd(::open(fmt::format("/proc/self/fd/{}", fd).c_str(), flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
}

result<std::vector<std::string>> names_in(int folder) {
  unique_fd fd = reopened(folder, O_RDONLY | O_DIRECTORY);
  if (!fd) return fail_errno(errno, "open a folder");
  std::unique_ptr<DIR, int (*)(DIR*)> listing(::fdopendir(fd.get()), &::closedir);
  if (!listing) return fail_errno(errno, "list a folder");
  (void)fd.release();
  std::vector<std::string> names;
  while (const auto* entry = ::readdir(listing.get())) {
    std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (names.size() == max_names) return fail(errc::exhausted, "a folder holds more than {} names", max_names);
    names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

void take_capability(int file, attributes& into) {
  static constexpr auto name = "security.capability";
  std::array<char, 64> value{}; // vfs_ns_cap_data has 24 bytes
  const auto size = ::fgetxattr(file, name, value.data(), value.size());
  if (size > 0) into.xattrs.push_back({name, std::string(value.data(), static_cast<std::size_t>(size))});
}

class packer {
public:
  explicit packer(tar_writer& to) : to_(to) {}

  /// What `fd` (O_PATH) stands for, as `name`, and with `below` before the names of what is in it.
  result<void> add(const unique_fd& fd, const std::string& name, const std::string& below, std::size_t depth) {
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return fail_errno(errno, "stat");
    const auto kind = entry_kind_of(status.st_mode);
    if (!kind) return {};
    tar_entry entry;
    entry.name = name;
    entry.kind = *kind;
    entry.attrs = {status.st_mode & 07777, status.st_uid, status.st_gid, status.st_mtim, {}};
    entry.device = status.st_rdev;
    if (*kind == entry_kind::folder) return folder(fd, entry, below, depth);
    if (*kind == entry_kind::symlink) {
      GANTRY_LET(entry.target, read_link(fd.get()));
    }
    if (*kind != entry_kind::file) return to_.add(entry);
    return file(fd, status, entry);
  }

private:
  result<void> folder(const unique_fd& fd, tar_entry& entry, const std::string& below, std::size_t depth) {
    if (depth == max_depth) return fail(errc::exhausted, "more than {} folders deep", max_depth);
    if (!entry.name.empty()) GANTRY_TRY(to_.add(entry));
    GANTRY_LET(const auto names, names_in(fd.get()));
    for (const auto& one : names) {
      const auto child = open_beneath(fd.get(), one, O_PATH | O_NOFOLLOW);
      if (!child && errno == ENOENT) continue;
      if (!child) return fail_errno(errno, "open");
      struct stat status {};
      const bool is_folder = ::fstat(child.get(), &status) == 0 && S_ISDIR(status.st_mode);
      const auto name = below + one + (is_folder ? "/" : "");
      if (auto added = add(child, name, name, depth + 1); !added) return named(std::move(added.error()), name);
    }
    return {};
  }

  result<void> file(const unique_fd& fd, const struct stat& status, tar_entry& entry) {
    if (status.st_nlink > 1) {
      const std::pair inode(status.st_dev, status.st_ino);
      if (const auto first = links_.find(inode); first != links_.end()) {
        entry.kind = entry_kind::hardlink;
        entry.target = first->second;
        return to_.add(entry);
      }
      if (links_.size() < max_links) links_.emplace(inode, entry.name);
    }
    const auto content = reopened(fd.get(), O_RDONLY);
    if (!content) return fail_errno(errno, "open");
    entry.size = static_cast<std::uint64_t>(status.st_size);
    take_capability(content.get(), entry.attrs);
    GANTRY_TRY(to_.add(entry));
    return copy(content.get(), entry.size);
  }

  result<void> copy(int from, std::uint64_t size) {
    for (std::uint64_t done = 0; done < size;) {
      const auto got = ::read(from, piece_.data(), piece_.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return fail_errno(errno, "read");
      if (got == 0) break; // it was cut meanwhile
      GANTRY_TRY(to_.content({piece_.data(), static_cast<std::size_t>(got)}));
      done += static_cast<std::uint64_t>(got);
    }
    return {};
  }

  /// The innermost name says where; those around it are part of it.
  result<void> named(error why, const std::string& name) {
    if (std::exchange(is_named_, true)) return tl::unexpected<error>(std::move(why));
    return within(std::move(why), "/{}", name);
  }

  tar_writer& to_;
  std::map<std::pair<dev_t, ino_t>, std::string> links_; ///< by inode: the first name
  std::vector<char> piece_ = std::vector<char>(128 << 10);
  bool is_named_ = false;
};

} // namespace

packed_names names_of(std::string_view clean) {
  const auto base = base_name(clean);
  if (base == "/") return {"/", "/"};
  return {base, base + "/"};
}

result<void> pack(const sys::rooted_dir& root, const std::string& clean, const packed_names& as, tar_writer& to) {
  GANTRY_LET(const auto top, root.open_at(clean, O_PATH | O_NOFOLLOW));
  struct stat status {};
  if (::fstat(top.get(), &status) != 0) return fail_errno(errno, "stat {}", clean);
  auto name = as.top;
  if (S_ISDIR(status.st_mode) && !name.empty() && !name.ends_with('/')) name += '/';
  return packer(to).add(top, name, as.below, 0);
}

} // namespace gantry::store
