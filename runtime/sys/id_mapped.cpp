#include "runtime/sys/id_mapped.hpp"

#include <fcntl.h>
#include <linux/securebits.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>

namespace gantry::sys {
namespace {

constexpr unsigned flag_of(reach how) { return how == reach::all_below ? static_cast<unsigned>(AT_RECURSIVE) : 0U; }

/// setfsuid(2) tells no failure: it says who one was before.
bool is_maker(uid_t uid, gid_t gid) {
  constexpr auto unchanged = static_cast<uid_t>(-1);
  return static_cast<uid_t>(::setfsuid(unchanged)) == uid && static_cast<gid_t>(::setfsgid(unchanged)) == gid;
}

} // namespace

result<unique_fd> mount_copy(int source, const std::string& name, reach copied) {
  const auto flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | static_cast<unsigned>(AT_EMPTY_PATH) | flag_of(copied);
  unique_fd copy(::open_tree(source, "", flags));
  if (!copy) return fail_errno(errno, "bind {}", name);
  return copy;
}

result<unique_fd> id_mapped_copy(const std::string& source, int users, reach copied, reach mapped) {
  const unique_fd opened(::open(source.c_str(), O_PATH | O_CLOEXEC));
  if (!opened) return fail_errno(errno, "bind {}", source);
  GANTRY_LET(auto copy, mount_copy(opened.get(), source, copied));
  GANTRY_TRY(map_ids(copy.get(), source, users, mapped));
  return copy;
}

result<void> map_ids(int copy, const std::string& name, int users, reach mapped) {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  attributes.userns_fd = static_cast<std::uint64_t>(users);
  if (::mount_setattr(copy, "", AT_EMPTY_PATH | flag_of(mapped), &attributes, sizeof attributes) != 0)
    return fail_errno(errno, "map the IDs of the mount of {}: its file system may not support that", name);
  return {};
}

result<maker_of_files> maker_of_files::as(uid_t uid, gid_t gid) {
  const int bits = ::prctl(PR_GET_SECUREBITS);
  // Without it the capabilities that overrule modes and owners go with the user.
  if (bits < 0 || ::prctl(PR_SET_SECUREBITS, bits | SECBIT_NO_SETUID_FIXUP) != 0)
    return fail_errno(errno, "keep the rights of another user");
  maker_of_files made(bits);
  ::setfsgid(gid);
  ::setfsuid(uid);
  if (!is_maker(uid, gid)) return fail(errc::denied, "files cannot be made as user {} and group {}", uid, gid);
  return made;
}

maker_of_files::~maker_of_files() {
  if (bits_ == none) return;
  ::setfsuid(::geteuid());
  ::setfsgid(::getegid());
  ::prctl(PR_SET_SECUREBITS, bits_);
}

} // namespace gantry::sys
