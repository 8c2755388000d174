#include "runtime/native/cgroup_mounts.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <sstream>

#include "runtime/native/mount_parts.hpp"

namespace gantry::native {
namespace {

constexpr std::uint64_t plain_attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

std::string last_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// One v1 hierarchy: of its own namespace, or the container's folder of the host's.
result<sys::unique_fd> hierarchy(const std::string& base, const cgroup_view& groups, bool own_namespace,
                                 std::uint64_t attributes) {
  const auto name = last_name(base);
  if (own_namespace) {
    std::vector<std::string> options;
    if (name == "systemd") {
      options = {"none", "name=systemd"};
    } else {
      std::istringstream in(name);
      for (std::string controller; std::getline(in, controller, ',');) options.push_back(controller);
    }
    // Not read-only as a file system: that is the host's too.
    GANTRY_LET(auto made, new_file_system("cgroup", name == "systemd" ? name : "cgroup", options,
                                          attributes & ~std::uint64_t{MOUNT_ATTR_RDONLY}));
    GANTRY_TRY(set_attributes(made.get(), attributes & MOUNT_ATTR_RDONLY, 0, 0));
    return made;
  }
  const auto folder = base + groups.path;
  sys::unique_fd copy(::open_tree(AT_FDCWD, folder.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!copy) return fail_errno(errno, "bind {}", folder);
  GANTRY_TRY(set_attributes(copy.get(), attributes, 0, 0));
  return copy;
}

result<void> mount_v1(int target, const mount_entry& entry, const cgroup_view& groups, bool own_namespace) {
  const auto flags = entry.set & ~std::uint64_t{MOUNT_ATTR_RDONLY};
  GANTRY_LET(const auto top, new_file_system("tmpfs", "tmpfs", {"mode=755"}, flags));
  GANTRY_TRY(attach(top.get(), target, entry.target));
  std::map<std::string, bool> done;
  for (const auto& [controller, base] : groups.host->folders) {
    const auto name = last_name(base);
    // Controllers that share a hierarchy are found by each one's name too.
    if (name != controller && ::symlinkat(name.c_str(), top.get(), controller.c_str()) != 0 && errno != EEXIST)
      return fail_errno(errno, "link {}", controller);
    if (!done.emplace(name, true).second) continue;
    if (!own_namespace && ::access((base + groups.path).c_str(), F_OK) != 0) continue; // not one of the container's
    GANTRY_LET(const auto one,
               hierarchy(base, groups, own_namespace, plain_attributes | (entry.set & MOUNT_ATTR_RDONLY)));
    if (::mkdirat(top.get(), name.c_str(), 0755) != 0) return fail_errno(errno, "mkdir {}", name);
    if (::move_mount(one.get(), "", top.get(), name.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0)
      return fail_errno(errno, "mount {}", name);
  }
  return set_attributes(top.get(), entry.set & MOUNT_ATTR_RDONLY, 0, 0);
}

result<void> mount_v2(int target, const mount_entry& entry, const cgroup_view& groups, bool own_namespace) {
  sys::unique_fd mounted;
  if (own_namespace) {
    GANTRY_LET(mounted, new_file_system("cgroup2", "cgroup", {}, 0));
  } else {
    // A new mount from the host's own namespace would reset the hierarchy's options (nsdelegate): a copy does not.
    mounted.reset(::open_tree(AT_FDCWD, groups.host->unified.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
    if (!mounted) return fail_errno(errno, "bind {}", groups.host->unified);
  }
  GANTRY_TRY(set_attributes(mounted.get(), entry.set, entry.clear, 0));
  return attach(mounted.get(), target, entry.target);
}

} // namespace

result<void> mount_cgroups(int target, const mount_entry& entry, const cgroup_view& groups, bool own_namespace) {
  if (groups.host->how == cgroup::mode::v2) return mount_v2(target, entry, groups, own_namespace);
  return mount_v1(target, entry, groups, own_namespace);
}

} // namespace gantry::native
