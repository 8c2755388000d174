// layer_tree: entries of each type.
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>

#include "store/layer/layer_tree.hpp"

namespace gantry::store {
namespace {

mode_t type_bits(entry_kind kind) {
  if (kind == entry_kind::char_device) return S_IFCHR;
  return kind == entry_kind::block_device ? S_IFBLK : S_IFIFO;
}

template<class Map>
void erase_tree(Map& of, const std::string& path) {
  of.erase(path);
  of.erase(of.lower_bound(path + "/"), of.lower_bound(path + "0")); // '0' follows '/' in ASCII
}

} // namespace

// Removes what stands where an entry is to be made.
result<void> layer_tree::make_way(int folder, const std::string& path, const std::string& leaf) {
  struct stat status {};
  if (::fstatat(folder, leaf.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return fail_errno(errno, "stat it");
  if (S_ISDIR(status.st_mode)) {
    erase_tree(folders_, path);
    erase_tree(opaque_, path);
  }
  return remove_beneath(folder, leaf);
}

// Makes one entry with `make(folder, leaf)`, which returns -1 and errno; what stands in its way goes. Returns where.
template<class Create>
auto layer_tree::create(const entry_name& name, Create make) -> result<place> {
  if (name.is_root()) return fail(errc::corrupt, "the layer's root can only be a folder");
  GANTRY_LET(auto where, enter(name.folder));
  if (make(where.folder, name.leaf.c_str()) == 0) {
    // It may stand in for a parent's symlink that the folder was reached by.
    if (!used_lower_.empty() && used_lower_.contains(join(where.path, name.leaf))) entered_holds_ = false;
    return where;
  }
  if (errno != EEXIST) return fail_errno(errno, "create it");
  GANTRY_TRY(make_way(where.folder, join(where.path, name.leaf), name.leaf));
  if (make(where.folder, name.leaf.c_str()) != 0) return fail_errno(errno, "create it");
  entered_holds_ = false; // the folder may have been reached through what is gone now
  return where;
}

// mkdir, or what is there when that is a folder. In place of anything else it is opaque.
result<void> layer_tree::make_folder(int folder, const std::string& path, const std::string& leaf) {
  if (::mkdirat(folder, leaf.c_str(), 0700) == 0) return {};
  if (errno != EEXIST) return fail_errno(errno, "create the folder {}", printable(path));
  struct stat status {};
  if (::fstatat(folder, leaf.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return fail_errno(errno, "stat it");
  if (S_ISDIR(status.st_mode)) return {};
  if (::unlinkat(folder, leaf.c_str(), 0) != 0 || ::mkdirat(folder, leaf.c_str(), 0700) != 0)
    return fail_errno(errno, "replace {} by a folder", printable(path));
  entered_holds_ = false;
  return mark_opaque(path);
}

result<void> layer_tree::add_folder(const entry_name& name, const attributes& attrs) {
  if (name.is_root()) {
    root_listed_ = true;
    folders_[""] = {attrs, origin::listed};
    return {};
  }
  GANTRY_LET(auto where, enter(name.folder));
  auto path = join(where.path, name.leaf);
  auto known = folders_.find(path);
  if (known == folders_.end()) {
    GANTRY_TRY(make_folder(where.folder, path, name.leaf));
    if (used_lower_.contains(path)) entered_holds_ = false;
  }
  folders_[path] = {attrs, origin::listed};
  return {};
}

result<sys::unique_fd> layer_tree::add_file(const entry_name& name, mode_t mode) {
  sys::unique_fd file;
  auto open_new = [&](int folder, const char* leaf) {
    file.reset(::openat(folder, leaf, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode & 0777));
    return file ? 0 : -1;
  };
  GANTRY_TRY(create(name, open_new));
  return file;
}

result<void> layer_tree::add_symlink(const entry_name& name, const std::string& target, const attributes& attrs) {
  auto link = [&](int folder, const char* leaf) { return ::symlinkat(target.c_str(), folder, leaf); };
  GANTRY_LET(auto where, create(name, link));
  return finish_special(where.folder, name.leaf, attrs, defaults_, entry_kind::symlink);
}

result<void> layer_tree::add_special(const entry_name& name, const tar_entry& entry) {
  if (entry.kind == entry_kind::char_device && entry.device == 0)
    return fail(errc::corrupt, "a character device 0:0 is overlayfs's mark of a removed file, not content");
  auto mode = type_bits(entry.kind) | (entry.attrs.mode & 0777);
  auto make_node = [&](int folder, const char* leaf) { return ::mknodat(folder, leaf, mode, entry.device); };
  GANTRY_LET(auto where, create(name, make_node));
  return finish_special(where.folder, name.leaf, entry.attrs, defaults_, entry.kind);
}

// tar gives a hard link no attributes of its own; neither does this.
result<void> layer_tree::add_hardlink(const entry_name& name, const std::vector<std::string>& target) {
  if (target.empty()) return fail(errc::corrupt, "it is a hard link to the layer's root");
  std::vector<std::string> folder(target.begin(), target.end() - 1);
  auto shown = printable(join(target));
  GANTRY_LET(auto from, walk(folder, walk_for::linking));
  if (!from) return fail(errc::corrupt, "it is a hard link to {}, which does not exist", shown);
  auto path = join(*from, target.back());
  GANTRY_LET(auto found, look(path));
  if (found.where == node::place::absent)
    return fail(errc::corrupt, "it is a hard link to {}, which does not exist", shown);
  if (S_ISDIR(found.status.st_mode)) return fail(errc::corrupt, "it is a hard link to {}, which is a folder", shown);
  if (found.where == node::place::lower) GANTRY_TRY(copy_up(path, found.found));
  GANTRY_LET(auto where, enter(name.folder));
  if (join(where.path, name.leaf) == path) return {}; // a link to itself: nothing changes
  GANTRY_LET(auto source, open_folder(root_.get(), *from));
  auto link = [&](int into, const char* leaf) { return ::linkat(source.get(), target.back().c_str(), into, leaf, 0); };
  GANTRY_TRY(create(name, link));
  return {};
}

} // namespace gantry::store
