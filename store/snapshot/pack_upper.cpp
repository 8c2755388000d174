#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <map>

#include "store/layer/attributes.hpp"
#include "store/layer/beneath.hpp"
#include "store/layer/entry_name.hpp"
#include "store/snapshot/upper_tree.hpp"

namespace gantry::store {
namespace {

constexpr std::size_t piece_bytes = 256u << 10;
constexpr std::size_t max_links = 1'000'000; // files of several names that are remembered; more are packed twice

/// The very file that was looked at, for reading: it is no FIFO or device that somebody put there since.
result<sys::unique_fd> open_again(int fd, int flags) {
  sys::unique_fd opened(::open(fmt::format("/proc/self/fd/{}", fd).c_str(), flags | O_CLOEXEC | O_NONBLOCK));
  if (!opened) return fail_errno(errno, "open it");
  return opened;
}

class packer {
public:
  explicit packer(tar_writer& to) : to_(to) {}

  result<void> add(const upper_item& item) {
    if (item.what == upper_item::kind::removed) return item.opaque ? result<void>() : whiteout(item.path);
    auto kind = entry_kind_of(item.status.st_mode);
    if (!kind) return {};
    tar_entry entry;
    entry.kind = *kind;
    entry.name = item.path + (*kind == entry_kind::folder ? "/" : "");
    entry.attrs = {item.status.st_mode & 07777, item.status.st_uid, item.status.st_gid, item.status.st_mtim, {}};
    entry.device = item.status.st_rdev;
    if (*kind == entry_kind::symlink) {
      GANTRY_LET(entry.target, read_link(item.fd));
    }
    if (*kind == entry_kind::file) return file(item, entry);
    if (*kind == entry_kind::folder) return folder(item, entry);
    return to_.add(entry);
  }

private:
  result<void> whiteout(const std::string& path) {
    auto slash = path.rfind('/') + 1; // 0 without one
    return empty_file(path.substr(0, slash) + ".wh." + path.substr(slash));
  }
  result<void> empty_file(std::string name) {
    tar_entry entry;
    entry.name = std::move(name);
    entry.attrs.mode = 0600;
    return to_.add(entry);
  }

  result<void> folder(const upper_item& item, tar_entry& entry) {
    GANTRY_LET(auto opened, open_again(item.fd, O_RDONLY | O_DIRECTORY));
    GANTRY_LET(auto found, read_attributes(opened.get()));
    entry.attrs.xattrs = std::move(found.xattrs);
    GANTRY_TRY(to_.add(entry));
    return item.opaque ? empty_file(entry.name + ".wh..wh..opq") : result<void>();
  }

  result<void> file(const upper_item& item, tar_entry& entry) {
    if (item.status.st_nlink > 1) {
      std::pair inode(item.status.st_dev, item.status.st_ino);
      if (auto first = links_.find(inode); first != links_.end()) {
        entry.kind = entry_kind::hardlink;
        entry.target = first->second;
        return to_.add(entry);
      }
      if (links_.size() < max_links) links_.emplace(inode, item.path);
    }
    GANTRY_LET(auto opened, open_again(item.fd, O_RDONLY));
    GANTRY_LET(auto found, read_attributes(opened.get()));
    entry.attrs.xattrs = std::move(found.xattrs);
    entry.size = static_cast<std::uint64_t>(item.status.st_size);
    GANTRY_TRY(to_.add(entry));
    return content(opened.get(), entry.size);
  }

  /// Of the size that was said, however the file grows or is cut meanwhile. Holes are not read: they become zeros,
  /// which gzip makes small.
  result<void> content(int from, std::uint64_t size) {
    for (std::uint64_t at = 0; at < size;) {
      auto data = ::lseek(from, static_cast<off_t>(at), SEEK_DATA);
      auto begin = data < 0 ? (errno == ENXIO ? size : at) : std::min(size, static_cast<std::uint64_t>(data));
      GANTRY_TRY(zeros(begin - at));
      if (at = begin; at == size) return {};
      auto got = ::pread(from, piece_.data(), piece_.size(), static_cast<off_t>(at));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return fail_errno(errno, "read it");
      if (got == 0) return {}; // the writer fills up what is missing
      GANTRY_TRY(to_.content({piece_.data(), static_cast<std::size_t>(got)}));
      at += static_cast<std::uint64_t>(got);
    }
    return {};
  }
  result<void> zeros(std::uint64_t count) {
    static const std::string none(piece_bytes, '\0');
    for (; count > 0; count -= std::min<std::uint64_t>(count, none.size()))
      GANTRY_TRY(to_.content(
          std::string_view(none).substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(count, none.size())))));
    return {};
  }

  tar_writer& to_;
  std::map<std::pair<dev_t, ino_t>, std::string> links_; ///< to the name that each was packed under
  std::string piece_ = std::string(piece_bytes, '\0');
};

} // namespace

result<void> pack_upper(const upper_tree& of, tar_writer& to) {
  packer packs(to);
  GANTRY_TRY(walk_upper(of, [&](const upper_item& item) -> result<void> {
    auto added = packs.add(item);
    if (!added) return within(added.error(), "/{}", printable(item.path));
    return {};
  }));
  return to.finish();
}

} // namespace gantry::store
