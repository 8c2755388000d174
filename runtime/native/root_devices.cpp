#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "runtime/native/root_tree.hpp"

namespace gantry::native {
namespace {

struct usual_device {
  const char* name;
  std::uint32_t major, minor;
};
constexpr std::array<usual_device, 6> usual = {
    {{"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}}};

struct link {
  const char *name, *target;
};
constexpr std::array<link, 5> links = {{{"fd", "/proc/self/fd"},
                                        {"stdin", "/proc/self/fd/0"},
                                        {"stdout", "/proc/self/fd/1"},
                                        {"stderr", "/proc/self/fd/2"},
                                        {"ptmx", "pts/ptmx"}}};

/// Where nodes cannot be made: the host's own, bound.
result<void> bind_device(const sys::rooted_dir& root, const std::string& path) {
  const sys::unique_fd copy(::open_tree(AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!copy) return fail_errno(errno, "bind {}", path);
  GANTRY_LET(const auto target, open_or_make(root, path, missing::file));
  return attach(copy.get(), target.get(), path);
}

/// A node in the folder that is open as `parent`. One that is there already stays.
result<void> make_node(int parent, const std::string& name, const device_node& node) {
  const auto mode = static_cast<mode_t>(node.type | node.mode);
  if (::mknodat(parent, name.c_str(), mode, makedev(node.major, node.minor)) != 0) {
    if (errno == EEXIST) return {};
    return fail_errno(errno, "error creating device node \"{}\"", node.path);
  }
  if ((node.uid | node.gid) != 0 && ::fchownat(parent, name.c_str(), node.uid, node.gid, AT_SYMLINK_NOFOLLOW) != 0)
    return fail_errno(errno, "chown {}", node.path);
  return {};
}

bool is_listed(const container_plan& plan, const std::string& path) {
  return std::any_of(plan.devices.begin(), plan.devices.end(), [&](const auto& one) { return one.path == path; });
}

result<void> attach_device(const sys::rooted_dir& root, const device_node& node, int made) {
  if (node.path == "/dev/ptmx") return {}; // a link takes its place, which a mount would not let go
  GANTRY_LET(const auto target, open_or_make(root, node.path, missing::file));
  return attach(made, target.get(), node.path);
}

result<void> add_device(const root_tree& tree, const device_node& node, bool bind) {
  if (bind) return bind_device(tree.root, node.path);
  const auto slash = node.path.rfind('/');
  GANTRY_LET(const auto parent, tree.root.make_directories(node.path.substr(0, slash), 0755));
  return make_node(parent.get(), node.path.substr(slash + 1), node);
}

result<void> add_links(int dev) {
  for (const auto& one : links) {
    if (::symlinkat(one.target, dev, one.name) == 0) continue;
    if (errno != EEXIST) return fail_errno(errno, "link /dev/{}", one.name);
    // runc replaces what an image calls /dev/ptmx, and leaves the others.
    if (std::string_view(one.name) != "ptmx") continue;
    if (::unlinkat(dev, one.name, 0) != 0 || ::symlinkat(one.target, dev, one.name) != 0)
      return fail_errno(errno, "link /dev/{}", one.name);
  }
  if (::access("/proc/kcore", F_OK) == 0 && ::symlinkat("/proc/kcore", dev, "core") != 0 && errno != EEXIST)
    return fail_errno(errno, "link /dev/core");
  return {};
}

} // namespace

result<void> add_devices(const root_tree& tree, const container_plan& plan, const std::vector<sys::unique_fd>& made) {
  if (!tree.own_dev) return {};
  const bool bind = plan.find_namespace(CLONE_NEWUSER) != nullptr;
  GANTRY_LET(const auto dev, tree.root.make_directories("/dev", 0755));
  for (std::size_t at = 0; at < plan.devices.size(); ++at)
    GANTRY_TRY(made.empty() ? add_device(tree, plan.devices[at], bind)
                            : attach_device(tree.root, plan.devices[at], made[at].get()));
  for (const auto& one : usual) {
    const device_node node{std::string("/dev/") + one.name, S_IFCHR, one.major, one.minor};
    if (bind && is_listed(plan, node.path)) continue; // a node stays that is there; a bind would come to lie over it
    GANTRY_TRY(bind ? bind_device(tree.root, node.path) : make_node(dev.get(), one.name, node));
  }
  return add_links(dev.get());
}

} // namespace gantry::native
