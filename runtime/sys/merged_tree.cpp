#include "runtime/sys/merged_tree.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

namespace gantry::sys {
namespace {

/// "3:2:1": topmost first, relative to the folder that holds the layers.
std::string lower_names(const std::vector<std::string>& layers, std::size_t prefix) {
  std::string names;
  for (auto it = layers.rbegin(); it != layers.rend(); ++it) {
    if (!names.empty()) names += ':';
    names += it->substr(prefix);
  }
  return names;
}

/// On a thread whose working directory and mount namespace are its own.
result<rooted_dir> mount_merged(const std::vector<std::string>& layers) {
  if (::unshare(CLONE_FS | CLONE_NEWNS) != 0) return fail_errno(errno, "a mount namespace of one's own");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return fail_errno(errno, "private mounts");
  const auto& top = layers.back();
  auto folder = top.substr(0, top.rfind('/'));
  if (::chdir(folder.c_str()) != 0) return fail_errno(errno, "enter {}", folder);
  auto options = "lowerdir=" + lower_names(layers, folder.size() + 1) + ",index=off,redirect_dir=off,metacopy=off";
  if (::mount("overlay", top.c_str(), "overlay", MS_RDONLY | MS_NODEV | MS_NOSUID, options.c_str()) != 0)
    return fail_errno(errno, "mount the {} layers at {}", layers.size(), folder);
  return rooted_dir::open(top);
}

} // namespace

result<void> with_merged_tree(const std::vector<std::string>& layers,
                              const std::function<result<void>(const rooted_dir&)>& act) {
  if (layers.empty()) return fail(errc::invalid_argument, "a tree of no layers");
  if (layers.size() == 1) { // overlayfs wants two at least
    GANTRY_LET(auto only, rooted_dir::open(layers.front()));
    return act(only);
  }
  result<void> outcome;
  std::thread([&] {
    auto tree = mount_merged(layers);
    outcome = tree ? act(*tree) : result<void>(tl::unexpected<error>(std::move(tree.error())));
  }).join();
  return outcome;
}

} // namespace gantry::sys
