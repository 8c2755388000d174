#include "runtime/sys/overlay_mount.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "runtime/sys/id_mapped.hpp"

// The new mount API's commands (linux/mount.h, which cannot be included beside sys/mount.h on Debian 12).
#ifndef FSCONFIG_SET_FLAG
#define FSCONFIG_SET_FLAG 0
#define FSCONFIG_SET_STRING 1
#define FSCONFIG_CMD_CREATE 6
#endif
#ifndef MOVE_MOUNT_F_EMPTY_PATH
#define MOVE_MOUNT_F_EMPTY_PATH 0x00000004
#endif

namespace gantry::sys {
namespace {

constexpr std::size_t max_layers = 500;

/// overlayfs splits at ':' and mount(2)'s options at ',': both, and the backslash itself, are escaped.
std::string escaped(std::string_view path) {
  std::string out;
  for (char c : path) {
    if (c == ':' || c == ',' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

std::string_view relative_to(std::string_view base, std::string_view path) {
  return !base.empty() && path.starts_with(base) && path.size() > base.size() ? path.substr(base.size()) : path;
}

// What a container's writable layer must not depend on: these features tie it to exact lower folders.
constexpr std::string_view features = ",index=off,redirect_dir=off,metacopy=off";

result<bool> configure(int context, int command, const char* name, const char* value) {
  if (::syscall(SYS_fsconfig, context, command, name, value, 0) == 0) return true;
  if (errno == EINVAL) return false; // an option that this kernel does not know
  return fail_errno(errno, "overlay option {}", name);
}

result<void> check_count(const overlay_plan& plan) {
  if (plan.lower.size() <= max_layers) return {};
  return fail(errc::exhausted, "an image of {} layers: overlayfs takes at most {}", plan.lower.size(), max_layers);
}

/// Of folders that exist. Empty where the kernel has no "lowerdir+".
result<unique_fd> detached(const overlay_plan& plan) {
  unique_fd context(static_cast<int>(::syscall(SYS_fsopen, "overlay", 1 /* FSOPEN_CLOEXEC */)));
  if (!context) return unique_fd();
  for (auto layer = plan.lower.rbegin(); layer != plan.lower.rend(); ++layer) {
    GANTRY_LET(bool known, configure(context.get(), FSCONFIG_SET_STRING, "lowerdir+", layer->c_str()));
    if (!known) return unique_fd();
  }
  const std::pair<const char*, const char*> options[] = {{"upperdir", plan.upper.c_str()},
                                                         {"workdir", plan.work.c_str()},
                                                         {"index", "off"},
                                                         {"redirect_dir", "off"},
                                                         {"metacopy", "off"}};
  for (const auto& [name, value] : options) {
    if (*value == '\0') continue;
    GANTRY_LET(bool known, configure(context.get(), FSCONFIG_SET_STRING, name, value));
    if (!known) return fail(errc::internal, "overlay: the kernel refuses {}={}", name, value);
  }
  if (plan.volatile_upper) GANTRY_TRY(configure(context.get(), FSCONFIG_SET_FLAG, "volatile", nullptr));
  if (::syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
    return fail_errno(errno, "overlay of {} layers", plan.lower.size());
  unique_fd mounted(static_cast<int>(::syscall(SYS_fsmount, context.get(), 1 /* FSMOUNT_CLOEXEC */, 0)));
  if (!mounted) return fail_errno(errno, "fsmount");
  return mounted;
}

/// False when the kernel has no "lowerdir+".
result<bool> mount_by_layers(const overlay_plan& plan) {
  GANTRY_LET(auto mounted, detached(plan));
  if (!mounted) return false;
  if (::syscall(SYS_move_mount, mounted.get(), "", AT_FDCWD, plan.target.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0)
    return fail_errno(errno, "move the overlay to {}", plan.target);
  return true;
}

/// The container's writes are charged to its memory cgroup; the size bounds it where that has no limit.
result<void> mount_memory(const overlay_plan& plan) {
  if (plan.memory == 0) return {};
  const auto place = plan.upper.substr(0, plan.upper.rfind('/'));
  const auto options = fmt::format("mode=0700,size={},nr_inodes={}", plan.memory, plan.memory / 4096 + 1024);
  if (::mount("gantry", place.c_str(), "tmpfs", MS_NODEV | MS_NOSUID, options.c_str()) != 0)
    return fail_errno(errno, "mount a tmpfs at {}", place);
  struct stat top {};
  if (::stat(plan.lower.back().c_str(), &top) != 0) return fail_errno(errno, "stat {}", plan.lower.back());
  for (const auto& folder : {plan.upper, plan.work})
    if (::mkdir(folder.c_str(), 0700) != 0) return fail_errno(errno, "mkdir {}", folder);
  if (::chown(plan.upper.c_str(), top.st_uid, top.st_gid) != 0 || ::chmod(plan.upper.c_str(), top.st_mode & 07777) != 0)
    return fail_errno(errno, "set the owner and mode of {}", plan.upper);
  return {};
}

result<void> mount_by_options(const overlay_plan& plan, const std::string& options) {
  if (::mount("overlay", plan.target.c_str(), "overlay", 0, options.c_str()) != 0)
    return fail_errno(errno, "mount an overlay of {} layers at {}", plan.lower.size(), plan.target);
  return {};
}

/// A plan whose layers are reached through copies of the folders that hold them, with mapped IDs.
struct mapped_layers {
  overlay_plan plan;
  unique_fd lower, upper;
};

/// The copy lies over `place` from then on: until Linux 6.15 overlayfs takes no layer that is mounted nowhere. It is
/// found by descriptor, whatever comes to lie over it.
result<unique_fd> mapped_folder(const std::string& folder, int users, const std::string& place) {
  GANTRY_LET(auto copy, id_mapped_copy(folder, users, reach::this_mount, reach::this_mount));
  if (::syscall(SYS_move_mount, copy.get(), "", AT_FDCWD, place.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0)
    return fail_errno(errno, "mount {} at {}", folder, place);
  return copy;
}

/// One copy for all lower layers, one for what is written: each mapping costs the kernel a mount.
result<mapped_layers> map_layers(const overlay_plan& plan) {
  const unique_fd users(::open(plan.users.c_str(), O_RDONLY | O_CLOEXEC));
  if (!users) return fail_errno(errno, "open the user namespace {}", plan.users);
  mapped_layers made{plan, {}, {}};
  auto moved = [](const unique_fd& to, const std::string& from, const std::string& path) {
    return "/proc/self/fd/" + std::to_string(to.get()) + "/" + path.substr(from.size());
  };
  const auto below = common_folder(plan.lower), above = common_folder({plan.upper, plan.work});
  GANTRY_LET(made.lower, mapped_folder(below, users.get(), plan.target));
  for (auto& layer : made.plan.lower) layer = moved(made.lower, below, layer);
  if (plan.upper.empty()) return made;
  GANTRY_LET(made.upper, mapped_folder(above, users.get(), plan.target));
  made.plan.upper = moved(made.upper, above, plan.upper);
  made.plan.work = moved(made.upper, above, plan.work);
  return made;
}

result<void> mount_prepared(const overlay_plan& plan) {
  auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  auto options = overlay_options(plan, "");
  if (options.size() < page) return mount_by_options(plan, options);
  GANTRY_LET(bool mounted, mount_by_layers(plan));
  if (mounted) return {};
  auto base = common_folder(plan.lower);
  options = overlay_options(plan, base);
  if (options.size() >= page)
    return fail(errc::exhausted, "the names of {} layers do not fit the kernel's {} bytes", plan.lower.size(), page);
  if (::chdir(base.c_str()) != 0) return fail_errno(errno, "chdir to {}", base);
  return mount_by_options(plan, options);
}

} // namespace

std::string common_folder(const std::vector<std::string>& paths) {
  if (paths.empty()) return {};
  std::string_view common = paths.front();
  for (const auto& path : paths) {
    auto differs = std::mismatch(common.begin(), common.end(), path.begin(), path.end()).first;
    common = common.substr(0, static_cast<std::size_t>(differs - common.begin()));
  }
  return std::string(common.substr(0, common.rfind('/') + 1));
}

std::string overlay_lower(const std::vector<std::string>& layers, std::string_view base) {
  std::string lower;
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
    if (layer != layers.rbegin()) lower.push_back(':');
    lower += escaped(relative_to(base, *layer));
  }
  return lower;
}

std::string overlay_options(const overlay_plan& plan, std::string_view base) {
  auto options = "lowerdir=" + overlay_lower(plan.lower, base);
  if (!plan.upper.empty()) options += ",upperdir=" + escaped(plan.upper) + ",workdir=" + escaped(plan.work);
  options += features;
  if (plan.volatile_upper) options += ",volatile";
  return options;
}

result<unique_fd> detached_overlay(const overlay_plan& plan) {
  GANTRY_TRY(check_count(plan));
  GANTRY_TRY(mount_memory(plan));
  if (plan.users.empty()) return detached(plan);
  GANTRY_LET(const auto mapped, map_layers(plan));
  GANTRY_LET(const auto maker, maker_of_files::as(plan.root_uid, plan.root_gid));
  return detached(mapped.plan);
}

result<void> mount_overlay(const overlay_plan& plan) {
  GANTRY_TRY(check_count(plan));
  GANTRY_TRY(mount_memory(plan));
  if (plan.users.empty()) return mount_prepared(plan);
  GANTRY_LET(const auto mapped, map_layers(plan));
  if (plan.upper.empty()) return mount_prepared(mapped.plan); // nothing is made
  GANTRY_LET(const auto maker, maker_of_files::as(plan.root_uid, plan.root_gid));
  return mount_prepared(mapped.plan);
}

} // namespace gantry::sys
