#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "actors/container_document.hpp"
#include "actors/engine_supervisor.hpp"
#include "actors/random_id.hpp"
#include "actors/sandbox_of.hpp"
#include "runtime/cgroup/mode.hpp"

namespace gantry::engine_steps {
namespace {

/// The mounts as they would be; nothing is made for an explanation.
std::vector<resolved_mount> imagined_mounts(const engine_config& config, const container_options& options) {
  std::vector<resolved_mount> mounts;
  for (const auto& mount : options.mounts) {
    if (mount.type == mount_request::kind::tmpfs) continue;
    bool volume = mount.type == mount_request::kind::volume;
    auto name = mount.source.empty() ? "<anonymous>" : mount.source;
    resolved_mount one;
    one.type = volume ? "volume" : "bind";
    if (volume) one.name = name;
    one.source = volume ? config.paths.volume_data(name) : mount.source;
    one.target = mount.target;
    one.read_only = mount.read_only;
    one.propagation = mount.propagation;
    one.anonymous = volume && mount.source.empty();
    one.recursive_read_only = mount.recursive_read_only;
    mounts.push_back(std::move(one));
  }
  return mounts;
}

result<explained_spec> explain_for(const engine_config& config, const explain_spec& request, const image& what) {
  auto record = new_record({{request.ns, random_id()}, "", request.options, ""}, 1);
  record.layers = what.layer_folders;
  record.mounts = imagined_mounts(config, request.options);
  GANTRY_LET(auto built,
             container::build_document(config, record, what.config, container::namespaces_to_join(record.options),
                                       spec::explanation::full));
  explained_spec answer{built.config_json(), {}, std::move(built.warnings)};
  for (auto& note : built.notes)
    answer.notes.push_back({std::move(note.json_pointer), std::move(note.origin), std::move(note.why)});
  return answer;
}

} // namespace

caf::result<explained_spec> explain(self_pointer self, const explain_spec& request) {
  auto promise = self->make_response_promise<explained_spec>();
  find_image find{request.ns, request.options.image};
  ask<found_image>(self, self->state.parts->images, deadline::inner, std::move(find),
                   [self, promise, request](const result<found_image>& r) mutable {
                     if (!r) return refuse(promise, r.error());
                     deliver(promise, explain_for(*self->state.parts->config, request, *r->what));
                   });
  return promise;
}

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
  info.id = config.id;
  if (config.facts.seccomp) info.security_options.push_back("name=seccomp,profile=builtin");
  if (config.facts.apparmor) info.security_options.push_back("name=apparmor");
  if (config.facts.selinux) info.security_options.push_back("name=selinux");
  info.cpus = config.facts.cpus;
  struct sysinfo memory {};
  ::sysinfo(&memory);
  info.memory = static_cast<std::int64_t>(memory.totalram) * memory.mem_unit;
  return info;
}

} // namespace gantry::engine_steps
