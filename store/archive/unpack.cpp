#include "store/archive/unpack.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "messages/domain/quote.hpp"
#include "runtime/sys/files.hpp"
#include "store/archive/plain_source.hpp"
#include "store/archive/tree_path.hpp"
#include "store/layer/attributes.hpp"
#include "store/layer/tar_reader.hpp"

namespace gantry::store {
namespace {

using sys::unique_fd;
constexpr std::uint64_t max_bytes = std::uint64_t{1} << 40;
constexpr std::size_t max_folders = 1'000'000; // whose times are set at the end, as what is made in them changes those

constexpr auto capability = "security.capability";

std::string by_fd(int fd) { return fmt::format("/proc/self/fd/{}", fd); }

/// Where an entry goes: the folder that is to hold it, and its name there.
struct place {
  unique_fd folder; ///< O_PATH
  std::string leaf, path;
};

class unpacker {
public:
  unpacker(tar_reader& from, const sys::rooted_dir& root, std::string into, const unpacking& how)
      : from_(from), root_(root), into_(std::move(into)), how_(how) {}

  result<void> run() {
    tar_entry entry;
    for (;;) {
      GANTRY_LET(const bool more, from_.next(entry));
      if (!more) break;
      auto name = clean_entry_name(entry.name);
      if (name) name = renamed(std::move(*name));
      if (!name) return fail(errc::invalid_argument, "{} is outside of {}", quote(entry.name), quote(into_));
      if (name->empty()) continue; // the folder that is unpacked into stays as it is
      if (auto done = add(entry, *name); !done) return within(std::move(done.error()), "{}", quote(*name));
    }
    GANTRY_TRY(from_.finish());
    set_times();
    return {};
  }

private:
  result<void> add(tar_entry& entry, const std::string& name) {
    if (how_.all_owned_by) {
      entry.attrs.uid = how_.all_owned_by->uid;
      entry.attrs.gid = how_.all_owned_by->gid;
    }
    if (!how_.capabilities) std::erase_if(entry.attrs.xattrs, [](const xattr& x) { return x.name == capability; });
    GANTRY_LET(const auto at, place_of(name));
    GANTRY_LET(const bool merged, make_room(at, entry.kind));
    switch (entry.kind) {
    case entry_kind::file:
      return file(at, entry);
    case entry_kind::folder:
      return folder(at, entry, merged);
    case entry_kind::hardlink:
      return link(at, entry);
    case entry_kind::symlink:
      if (::symlinkat(entry.target.c_str(), at.folder.get(), at.leaf.c_str()) != 0) return fail_errno(errno, "symlink");
      return finish(at, entry.attrs, S_IFLNK);
    case entry_kind::char_device:
      return special(at, entry, S_IFCHR);
    case entry_kind::block_device:
      return special(at, entry, S_IFBLK);
    case entry_kind::fifo:
      return special(at, entry, S_IFIFO);
    }
    return {};
  }

  /// Below the name that the top of the archive is to have.
  [[nodiscard]] std::string renamed(std::string name) const {
    if (how_.top.empty() || name.empty()) return name;
    return how_.top + name.substr(std::min(name.size(), name.find('/')));
  }

  result<place> place_of(const std::string& name) {
    const auto path = join_path(into_, name);
    const auto slash = path.rfind('/');
    auto above = slash == std::string::npos ? std::string("/") : path.substr(0, slash + 1);
    auto folder = root_.open_at(above, O_PATH | O_DIRECTORY);
    if (!folder && folder.error().os_errno == ENOENT) folder = root_.make_directories(above, 0755);
    if (!folder) return tl::unexpected<error>(std::move(folder.error()));
    return place{std::move(*folder), path.substr(slash + 1), path};
  }

  /// Takes away what stands where an entry goes. True: a folder is there, to be merged with.
  result<bool> make_room(const place& at, entry_kind kind) {
    struct stat found {};
    if (::fstatat(at.folder.get(), at.leaf.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) return false;
      return fail_errno(errno, "stat");
    }
    const bool is_folder = S_ISDIR(found.st_mode), wants_folder = kind == entry_kind::folder;
    if (is_folder && wants_folder) return true;
    if (how_.keep_kinds && is_folder)
      return fail(errc::invalid_argument, "cannot overwrite directory {} with non-directory", quote(at.path));
    if (how_.keep_kinds && wants_folder)
      return fail(errc::invalid_argument, "cannot overwrite non-directory {} with directory", quote(at.path));
    GANTRY_TRY(sys::remove_tree(join_path(by_fd(at.folder.get()), at.leaf)));
    return false;
  }

  result<void> file(const place& at, const tar_entry& entry) {
    const unique_fd made(::openat(at.folder.get(), at.leaf.c_str(),
                                  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, entry.attrs.mode & 0777));
    if (!made) return fail_errno(errno, "create");
    for (tar_reader::block piece;;) {
      GANTRY_LET(const bool more, from_.next_block(piece));
      if (!more) break;
      if (::lseek(made.get(), static_cast<off_t>(piece.offset), SEEK_SET) < 0) return fail_errno(errno, "seek");
      GANTRY_TRY(sys::write_all(made.get(), {piece.bytes.data(), piece.bytes.size()}));
    }
    if (::ftruncate(made.get(), static_cast<off_t>(entry.size)) != 0) return fail_errno(errno, "set the size");
    return finish_file(made.get(), entry.attrs, defaults_);
  }

  result<void> folder(const place& at, const tar_entry& entry, bool merged) {
    if (folders_.size() == max_folders) return fail(errc::exhausted, "more than {} folders", max_folders);
    if (!merged && ::mkdirat(at.folder.get(), at.leaf.c_str(), 0700) != 0) return fail_errno(errno, "mkdir");
    const unique_fd made(
        ::openat(at.folder.get(), at.leaf.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (!made) return fail_errno(errno, "open");
    folders_.emplace_back(at.path, entry.attrs.mtime);
    return apply_to_folder(made.get(), entry.attrs);
  }

  result<void> link(const place& at, const tar_entry& entry) {
    auto target = clean_entry_name(entry.target);
    if (target) target = renamed(std::move(*target));
    if (!target) return fail(errc::invalid_argument, "invalid hardlink to {}", quote(entry.target));
    GANTRY_LET(const auto source, root_.open_at(join_path(into_, *target), O_PATH | O_NOFOLLOW));
    // By way of /proc: the inode that was found, not another that stands there by now.
    if (::linkat(AT_FDCWD, by_fd(source.get()).c_str(), at.folder.get(), at.leaf.c_str(), AT_SYMLINK_FOLLOW) != 0)
      return fail_errno(errno, "link to {}", quote(*target));
    return {};
  }

  result<void> special(const place& at, const tar_entry& entry, mode_t type) {
    if (::mknodat(at.folder.get(), at.leaf.c_str(), type | (entry.attrs.mode & 0777), entry.device) != 0)
      return fail_errno(errno, "make the special file");
    return finish(at, entry.attrs, type);
  }

  /// Of the inode, not by its name: the container may have put a link to a file of the host there by now, which
  /// chmod(2) would follow out of the root.
  static result<void> finish(const place& at, const attributes& attrs, mode_t type) {
    const unique_fd made(::openat(at.folder.get(), at.leaf.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat status {};
    if (!made || ::fstat(made.get(), &status) != 0) return fail_errno(errno, "open");
    if ((status.st_mode & S_IFMT) != type) return fail(errc::unavailable, "it was replaced while it was made");
    if (::fchownat(made.get(), "", attrs.uid, attrs.gid, AT_EMPTY_PATH) != 0) return fail_errno(errno, "set the owner");
    const auto path = by_fd(made.get());
    if (type != S_IFLNK && ::chmod(path.c_str(), attrs.mode) != 0) return fail_errno(errno, "set the mode");
    const timespec times[2] = {{0, UTIME_OMIT}, attrs.mtime};
    if (::utimensat(AT_FDCWD, path.c_str(), times, 0) != 0) return fail_errno(errno, "set the modification time");
    return {};
  }

  /// The innermost first. A folder that is gone by now, or is none any more, is left alone.
  void set_times() const {
    for (auto one = folders_.rbegin(); one != folders_.rend(); ++one) {
      const auto fd = root_.open_at(one->first, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK);
      const timespec times[2] = {{0, UTIME_OMIT}, one->second};
      if (fd) (void)::futimens(fd->get(), times);
    }
  }

  tar_reader& from_;
  const sys::rooted_dir& root_;
  std::string into_;
  const unpacking& how_;
  creation_defaults defaults_ = creation_defaults::current();
  std::vector<std::pair<std::string, timespec>> folders_;
};

} // namespace

result<void> unpack(byte_source& archive, const sys::rooted_dir& root, const std::string& into, const unpacking& how) {
  GANTRY_LET(const auto plain, plain_source(archive));
  const std::function<bool()> never;
  tar_reader reader(*plain, never, max_bytes);
  return unpacker(reader, root, into, how).run();
}

} // namespace gantry::store
