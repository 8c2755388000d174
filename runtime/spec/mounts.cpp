#include "runtime/spec/mounts.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "runtime/spec/linux.hpp"
#include "runtime/spec/paths.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/overlay_mount.hpp"

namespace gantry::spec {
namespace {

constexpr std::array<std::string_view, 6> propagations = {"rprivate", "private", "rshared",
                                                          "shared",   "rslave",  "slave"};

constexpr std::size_t max_overlay_option = 3800; // of mount(2)'s one page, with the other options

/// A mount of the plan, before it is JSON.
struct planned {
  std::string target, type, source;
  std::vector<std::string> options;
};

json to_json(const planned& one) {
  return {{"destination", one.target}, {"type", one.type}, {"source", one.source}, {"options", one.options}};
}

void add_shm(const spec_input& input, std::vector<planned>& list) {
  const auto& mode = input.options.ipc_mode;
  if (mode == "none") return;
  if (mode == "host" || !input.shm_source.empty()) {
    const auto& source = input.shm_source.empty() ? std::string("/dev/shm") : input.shm_source;
    list.push_back({"/dev/shm", "bind", source, {"rbind", "nosuid", "noexec", "nodev", "rprivate"}});
    return;
  }
  const auto size = input.options.shm_size > 0 ? input.options.shm_size : std::int64_t{64} << 20;
  list.push_back(
      {"/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", fmt::format("size={}", size)}});
}

/// Group 5, tty, of terminals: users of a pod's own may lack it.
bool has_terminal_group(const spec_input& input) {
  const auto& map = input.options.in_pod.gid_map;
  auto has = [](const id_mapping& one) { return one.container_id <= 5 && 5 - one.container_id < one.length; };
  return map.empty() || std::any_of(map.begin(), map.end(), has);
}

/// What every container has (runtime-spec config-linux.md, "Default Filesystems", and Docker's own).
std::vector<planned> default_mounts(const spec_input& input) {
  const std::string access = input.options.privileged ? "rw" : "ro";
  std::vector<planned> list = {
      {"/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}},
      {"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}},
      {"/dev/pts", "devpts", "devpts", {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"}},
      {"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", access}},
  };
  if (has_terminal_group(input)) list[2].options.emplace_back("gid=5");
  if (input.facts.cgroups.how != cgroup::mode::none)
    list.push_back({"/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", access}});
  list.push_back({"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}});
  add_shm(input, list);
  return list;
}

const mount_request* request_for(const container_options& options, const std::string& target) {
  for (const auto& one : options.mounts)
    if (clean_path(one.target) == target) return &one;
  return nullptr;
}

result<std::string> checked_target(const std::string& target) {
  GANTRY_TRY(check_text(target, "a mount's target"));
  if (target.empty() || target.front() != '/')
    return fail(errc::invalid_argument, "invalid mount target '{}': it must be an absolute path in the container",
                target.substr(0, 256));
  auto clean = clean_path(target);
  if (clean == "/") return fail(errc::invalid_argument, "invalid mount target: the destination can't be '/'");
  return clean;
}

result<planned> plan_tmpfs(std::string target, const mount_request* asked, bool read_only) {
  GANTRY_LET(auto options, tmpfs_options(asked ? asked->tmpfs_options : std::string(), asked ? asked->tmpfs_size : 0));
  if (read_only) options.emplace_back("ro");
  return planned{std::move(target), "tmpfs", "tmpfs", std::move(options)};
}

/// By mount_setattr(2). What is mounted later, and comes by propagation, would be writable.
result<void> check_recursive_read_only(const spec_input& input, const std::string& target, const resolved_mount& mount,
                                       const std::string& propagation) {
  if (!mount.read_only || !propagation.ends_with("private"))
    return fail(errc::invalid_argument, "mount {}: recursively read-only goes with read-only and without propagation",
                target);
  if (input.facts.kernel < kernel_version{5, 12})
    return fail(errc::failed_precondition, "mount {}: recursively read-only needs Linux 5.12", target);
  return {};
}

/// Of the mount that holds `path`: its options, and what follows up to the file system's (proc(5), mountinfo).
std::string_view mount_holding(std::string_view mountinfo, std::string_view path) {
  std::size_t longest = 0;
  std::string_view found;
  while (!mountinfo.empty()) {
    auto line = mountinfo.substr(0, mountinfo.find('\n'));
    mountinfo.remove_prefix(std::min(mountinfo.size(), line.size() + 1));
    std::array<std::string_view, 5> field{};
    for (auto& one : field) {
      one = line.substr(0, line.find(' '));
      line.remove_prefix(std::min(line.size(), one.size() + 1));
    }
    const auto at = field[4];
    const bool holds =
        at == "/" || path == at || (path.starts_with(at) && path.size() > at.size() && path[at.size()] == '/');
    if (!holds || at.size() < longest) continue; // the last of equals lies on top
    longest = at.size();
    found = line.substr(0, line.find(" - "));
  }
  return found;
}

/// What users of a pod's own may not take from a mount of the host's: a runtime that makes its copy read-only must say
/// it again (mount_namespaces(7), "Restrictions on mount namespaces").
result<void> keep_flags(const spec_input& input, const std::string& source, std::vector<std::string>& options) {
  if (!has_own_users(input)) return {};
  GANTRY_LET(const auto mountinfo, sys::read_file("/proc/self/mountinfo", 64u << 20));
  for (auto& flag : kept_flags_of(mountinfo, source)) options.push_back(std::move(flag));
  return {};
}

/// One that is mounted before is bound from where the monitor mounts it: an OCI runtime then need not know how.
std::string source_of(const spec_input& input, const resolved_mount& mount) {
  if (!is_mounted_before(mount)) return mount.source;
  return fmt::format("{}/{}", input.mapped_folder, std::count_if(input.mounts.data(), &mount, is_mounted_before));
}

result<planned> plan_bind(const spec_input& input, std::string target, const resolved_mount& mount,
                          const mount_request* asked) {
  GANTRY_TRY(check_text(mount.source, "a mount's source"));
  if (mount.source.empty() || mount.source.front() != '/')
    return fail(errc::invalid_argument, "invalid mount source '{}' for {}: it must be an absolute path",
                mount.source.substr(0, 256), target);
  const std::string propagation = mount.propagation.empty() ? "rprivate" : mount.propagation;
  if (std::find(propagations.begin(), propagations.end(), propagation) == propagations.end())
    return fail(errc::invalid_argument, "invalid propagation '{}' of {}: use rprivate, rslave or rshared",
                propagation.substr(0, 64), target);
  if (propagation.ends_with("shared") && has_own_users(input))
    return fail(errc::invalid_argument, "mount {}: propagation to the host is not for a pod with users of its own",
                target);
  std::vector<std::string> options = {asked && asked->non_recursive ? "bind" : "rbind"};
  if (mount.recursive_read_only) GANTRY_TRY(check_recursive_read_only(input, target, mount, propagation));
  if (mount.read_only) options.emplace_back(mount.recursive_read_only ? "rro" : "ro");
  options.push_back(propagation);
  if (mount.read_only) GANTRY_TRY(keep_flags(input, mount.source, options));
  return planned{std::move(target), "bind", source_of(input, mount), std::move(options)};
}

/// The content of an image, read-only: its one layer, or an overlay of them without a writable one. Programs of those
/// that a pod has do not run, as Kubernetes has it ("Image volumes"). With mapped IDs it is bound from where the
/// monitor mounts it: each layer has to be mapped, which an overlay of them cannot be.
result<planned> plan_image(const spec_input& input, std::string target, const resolved_mount& mount) {
  if (has_own_users(input) && mount.uid_map.empty())
    return fail(errc::invalid_argument, "the image at {}: in a pod with users of its own its IDs are to be mapped",
                target);
  if (mount.layers.empty()) return fail(errc::invalid_argument, "the image at {} has no layer", target);
  GANTRY_TRY(check_texts(mount.layers, "an image's layer"));
  std::vector<std::string> options = {"ro", "nosuid", "nodev"};
  if (!input.options.in_pod.pod.id.empty()) options.emplace_back("noexec");
  const bool one = mount.layers.size() == 1, mapped = !mount.uid_map.empty();
  if (one || mapped) {
    options.insert(options.end(), {"bind", "rprivate"});
    if (one) GANTRY_TRY(keep_flags(input, mount.layers.front(), options));
    return planned{std::move(target), "bind", mapped ? source_of(input, mount) : mount.layers.front(),
                   std::move(options)};
  }
  auto lower = "lowerdir=" + sys::overlay_lower(mount.layers);
  if (lower.size() > max_overlay_option)
    return fail(errc::exhausted, "the image at {} has {} layers: their names do not fit a mount's options", target,
                mount.layers.size());
  options.insert(options.end(), {std::move(lower), "index=off", "redirect_dir=off", "metacopy=off"});
  return planned{std::move(target), "overlay", "overlay", std::move(options)};
}

result<planned> plan_one(const spec_input& input, const resolved_mount& mount) {
  GANTRY_LET(auto target, checked_target(mount.target));
  const auto* const asked = request_for(input.options, target);
  if (mount.type == "tmpfs") return plan_tmpfs(std::move(target), asked, mount.read_only);
  if (mount.type == "image") return plan_image(input, std::move(target), mount);
  return plan_bind(input, std::move(target), mount, asked);
}

/// A CDI device's. Without a type it is a bind, as most of those that are found say by their options alone.
result<planned> plan_edit(const cdi::mount& edit) {
  GANTRY_LET(auto target, checked_target(edit.container_path));
  GANTRY_TRY(check_text(edit.host_path, "a CDI mount's source"));
  GANTRY_TRY(check_texts(edit.options, "a CDI mount's option"));
  planned made{std::move(target), edit.type, edit.host_path, edit.options};
  const auto bind = [](const std::string& option) { return option == "bind" || option == "rbind"; };
  const bool is_bind = std::any_of(made.options.begin(), made.options.end(), bind);
  if (made.type.empty() || is_bind) made.type = "bind";
  if (made.type == "bind" && !is_bind) made.options.insert(made.options.begin(), "rbind");
  if (made.type == "bind" && !made.source.starts_with('/'))
    return fail(errc::invalid_argument, "CDI mount at {}: its hostPath '{}' is no absolute path", made.target,
                made.source.substr(0, 256));
  return made;
}

/// The user's mounts, each target once, the engine's files of /etc where none stands, and CDI devices' over both.
result<std::vector<planned>> user_mounts(const spec_input& input) {
  std::vector<planned> list;
  std::set<std::string> targets;
  for (const auto& mount : input.mounts) {
    GANTRY_LET(auto one, plan_one(input, mount));
    if (!targets.insert(one.target).second)
      return fail(errc::invalid_argument, "duplicate mount point: {}", one.target);
    list.push_back(std::move(one));
  }
  for (const auto& asked : input.options.mounts) {
    if (asked.type != mount_request::kind::tmpfs) continue; // binds and volumes come resolved, above
    GANTRY_LET(auto target, checked_target(asked.target));
    if (!targets.insert(target).second) continue;
    GANTRY_LET(auto one, plan_tmpfs(std::move(target), &asked, asked.read_only));
    list.push_back(std::move(one));
  }
  const std::array<std::pair<const char*, const std::string*>, 3> files = {
      {{"/etc/resolv.conf", &input.resolv_conf_file},
       {"/etc/hostname", &input.hostname_file},
       {"/etc/hosts", &input.hosts_file}}};
  for (const auto& [target, source] : files) {
    if (source->empty() || !targets.insert(target).second) continue;
    std::vector<std::string> options = {"rbind", "rprivate"};
    if (has_own_users(input)) options.insert(options.end(), {"nosuid", "nodev", "noexec"}); // as they are mounted
    if (input.options.read_only_rootfs) options.emplace_back("ro");
    list.push_back({target, "bind", *source, std::move(options)});
  }
  if (input.options.init && !targets.contains("/sbin/docker-init"))
    list.push_back({"/sbin/docker-init", "bind", input.init_binary, {"bind", "ro", "rprivate"}});
  for (const auto& edit : input.edits.mounts) {
    GANTRY_LET(auto one, plan_edit(edit));
    std::erase_if(list, [&](const planned& other) { return other.target == one.target; });
    list.push_back(std::move(one));
  }
  std::stable_sort(list.begin(), list.end(),
                   [](const auto& a, const auto& b) { return depth_of(a.target) < depth_of(b.target); });
  return list;
}

/// A default mount gives way to a user's at the same place; all of those in /dev to a user's /dev.
bool is_replaced(const planned& one, const std::vector<planned>& users) {
  return std::any_of(users.begin(), users.end(), [&](const planned& user) {
    return user.target == one.target || (user.target == "/dev" && one.target.starts_with("/dev/"));
  });
}

/// A bind can only share or follow mounts when the mount that holds its source does, and when the container's root
/// lets events through (mount_namespaces(7)).
result<std::string> root_propagation(const spec_input& input) {
  std::string needed;
  std::string mountinfo;
  for (const auto& mount : input.mounts) {
    const bool shared = mount.propagation.ends_with("shared"), slave = mount.propagation.ends_with("slave");
    if (!shared && !slave) continue;
    if (mountinfo.empty()) {
      GANTRY_LET(mountinfo, sys::read_file("/proc/self/mountinfo", 64u << 20));
    }
    const auto source = propagation_of(mountinfo, mount.source);
    if (source != "shared" && (shared || source != "slave"))
      return fail(errc::failed_precondition,
                  "path {} is not on a {} mount, so {} cannot have propagation {}: run `mount --make-rshared` on the "
                  "mount point that holds it, or leave the option out",
                  mount.source, shared ? "shared" : "shared or slave", mount.target, mount.propagation);
    if (shared)
      needed = "rshared";
    else if (needed.empty())
      needed = "rslave";
  }
  return needed;
}

} // namespace

std::string propagation_of(std::string_view mountinfo, std::string_view path) {
  const auto held = mount_holding(mountinfo, path);
  return held.find("shared:") != std::string_view::npos   ? "shared"
         : held.find("master:") != std::string_view::npos ? "slave"
                                                          : "";
}

std::vector<std::string> kept_flags_of(std::string_view mountinfo, std::string_view path) {
  const auto held = mount_holding(mountinfo, path);
  const auto options = "," + std::string(held.substr(0, held.find(' '))) + ",";
  std::vector<std::string> flags;
  for (const auto* flag : {"nosuid", "nodev", "noexec"})
    if (options.find(fmt::format(",{},", flag)) != std::string::npos) flags.emplace_back(flag);
  return flags;
}

result<mount_plan> plan_mounts(const spec_input& input) {
  if (input.options.init && input.init_binary.empty())
    return fail(errc::failed_precondition, "--init needs tini, which is not installed: apt-get install tini");
  mount_plan plan;
  GANTRY_LET(const auto users, user_mounts(input));
  GANTRY_LET(plan.root_propagation, root_propagation(input));
  for (const auto& one : default_mounts(input))
    if (!is_replaced(one, users)) plan.mounts.push_back(to_json(one));
  for (const auto& one : users) plan.mounts.push_back(to_json(one));
  return plan;
}

} // namespace gantry::spec
