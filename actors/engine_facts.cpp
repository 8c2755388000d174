#include <linux/magic.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include <sstream>

#include "actors/container_document.hpp"
#include "actors/engine_supervisor.hpp"
#include "actors/random_id.hpp"
#include "actors/sandbox_of.hpp"
#include "runtime/cgroup/mode.hpp"
#include "runtime/sys/files.hpp"

namespace gantry::engine_steps {
namespace {

/// The mounts as they would be; nothing is made for an explanation.
std::vector<resolved_mount> imagined_mounts(const engine_config& config, const container_options& options) {
  std::vector<resolved_mount> mounts;
  for (const auto& mount : options.mounts) {
    if (mount.type == mount_request::kind::tmpfs) continue;
    bool volume = mount.type == mount_request::kind::volume, image = mount.type == mount_request::kind::image;
    auto name = mount.source.empty() ? "<anonymous>" : mount.source;
    resolved_mount one;
    one.type = volume ? "volume" : image ? "image" : "bind";
    if (image) one.layers.push_back(fmt::format("<layers of {}>", mount.source));
    if (volume) one.name = name;
    one.source = volume ? config.paths.volume_data(name) : mount.source;
    one.target = mount.target;
    one.read_only = mount.read_only;
    one.propagation = mount.propagation;
    one.anonymous = volume && mount.source.empty();
    one.recursive_read_only = mount.recursive_read_only;
    one.sub_path = mount.sub_path;
    mounts.push_back(std::move(one));
  }
  return mounts;
}

result<explained_spec> explain_for(const engine_config& config, const explain_spec& request, const image& what,
                                   const cdi::container_edits& edits) {
  auto record = new_record({{request.ns, random_id()}, "", request.options, ""}, 1);
  record.layers = what.layer_folders;
  record.mounts = imagined_mounts(config, request.options);
  GANTRY_LET(auto built,
             container::build_document(config, record, what.config, container::namespaces_to_join(record.options),
                                       edits, spec::explanation::full));
  explained_spec answer{built.config_json(), {}, std::move(built.warnings)};
  for (auto& note : built.notes)
    answer.notes.push_back({std::move(note.json_pointer), std::move(note.origin), std::move(note.why)});
  return answer;
}

} // namespace

caf::result<explained_spec> explain(self_pointer self, const explain_spec& request) {
  auto promise = self->make_response_promise<explained_spec>();
  auto with = [self, promise, request](const image_view& what, const cdi::container_edits& edits) mutable {
    deliver(promise, explain_for(*self->state.parts->config, request, *what, edits));
  };
  find_image find{request.ns, request.options.image};
  ask<found_image>(self, self->state.parts->images, deadline::inner, std::move(find),
                   [self, promise, with, names = request.options.cdi_devices](const result<found_image>& r) mutable {
                     if (!r) return refuse(promise, r.error());
                     if (names.empty()) return with(r->what, {});
                     ask<found_devices>(self, self->state.parts->devices, deadline::inner, find_devices{names},
                                        [promise, with, what = r->what](const result<found_devices>& d) mutable {
                                          if (!d) return refuse(promise, d.error());
                                          with(what, d->edits);
                                        });
                   });
  return promise;
}

namespace {

/// os-release(5); the file is a list of shell assignments.
std::string pretty_name() {
  std::istringstream lines(sys::read_file("/etc/os-release", 64 << 10).value_or(std::string()));
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("PRETTY_NAME=")) continue;
    auto value = line.substr(line.find('=') + 1);
    if (value.size() > 1 && (value.front() == '"' || value.front() == '\'')) value = value.substr(1, value.size() - 2);
    return value;
  }
  return "Linux";
}

/// By the names that dockerd has for them.
std::string filesystem_of(const std::string& folder) {
  struct statfs status {};
  if (::statfs(folder.c_str(), &status) != 0) return "unknown";
  switch (static_cast<unsigned long>(status.f_type)) {
  case EXT4_SUPER_MAGIC:
    return "extfs";
  case XFS_SUPER_MAGIC:
    return "xfs";
  case BTRFS_SUPER_MAGIC:
    return "btrfs";
  case TMPFS_MAGIC:
    return "tmpfs";
  case OVERLAYFS_SUPER_MAGIC:
    return "overlayfs";
  default:
    return fmt::format("0x{:x}", status.f_type);
  }
}

engine_info::support limits_of(const spec::resource_support& can) {
  return {can.memory, can.swap, can.oom_kill_disable, can.cpu_shares, can.cpu_quota, can.cpuset, can.pids};
}

/// As dockerd words them.
std::vector<std::string> warnings_of(const engine_info::support& can) {
  std::vector<std::string> made;
  for (const auto& [has, what] : {std::pair{can.memory, "memory limit"},
                                  {can.swap, "swap limit"},
                                  {can.cpu_quota, "cpu cfs quota"},
                                  {can.cpu_shares, "cpu shares"},
                                  {can.cpuset, "cpuset"},
                                  {can.pids, "pids limit"}})
    if (!has) made.push_back(fmt::format("WARNING: No {} support", what));
  return made;
}

} // namespace

engine_info describe(const engine_config& config) {
  engine_info info;
  info.root = config.root;
  info.run_dir = config.run_dir;
  info.default_runtime = config.default_runtime;
  info.runtimes = config.runtimes;
  struct utsname names {};
  ::uname(&names);
  info.kernel = names.release;
  info.os = "linux";
  info.architecture = platform::host().architecture;
  info.host_name = config.host_name;
  info.cgroup_version = config.facts.cgroups.how == cgroup::mode::v2 ? "2" : "1";
  info.cgroup_driver = cgroup::to_string(config.driver);
  info.id = config.id;
  if (config.facts.seccomp) info.security_options.push_back("name=seccomp,profile=builtin");
  if (config.facts.apparmor) info.security_options.push_back("name=apparmor");
  if (config.facts.selinux) info.security_options.push_back("name=selinux");
  info.cpus = config.facts.cpus;
  struct sysinfo memory {};
  ::sysinfo(&memory);
  info.memory = static_cast<std::int64_t>(memory.totalram) * memory.mem_unit;
  info.operating_system = pretty_name();
  info.init_program = config.init_program;
  info.backing_filesystem = filesystem_of(config.root);
  info.limits = limits_of(config.facts.resources);
  info.warnings = warnings_of(info.limits);
  return info;
}

} // namespace gantry::engine_steps
