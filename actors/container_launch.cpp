#include <spdlog/spdlog.h>

#include "actors/cgroup_paths.hpp"
#include "actors/container_document.hpp"
#include "actors/container_log.hpp"
#include "actors/container_supervisor.hpp"
#include "actors/pod_options.hpp"
#include "actors/sandbox_of.hpp"

namespace gantry::container {
namespace {

/// A start under way.
struct launching {
  sandbox_namespaces namespaces;
  std::string client;
  caf::typed_response_promise<done> promise;
  std::optional<slot> held;
  phase before = phase::created; ///< what a failed start goes back to
};
using launching_ptr = std::shared_ptr<launching>;

/// The start has come to its end, well or not: who waited for that goes on.
void launch_ended(self_pointer self) {
  for (auto& action : std::exchange(self->state.when_launched, {})) action();
}

void fail_launch(self_pointer self, const launching_ptr& work, error why) {
  auto& state = self->state;
  if (work->held) tell(state.parts->admission, release_slot{*work->held});
  state.record.state.now = work->before == phase::restarting ? phase::exited : work->before;
  state.record.state.exit_code = 128;
  state.record.state.error = why.message;
  publish(self);
  tell(launcher_of(self), unwatch_container{state.record.name});
  tell(state.sandbox, container_stopped{});
  tell_unmounted(self);
  clean_up(self);
  work->promise.deliver(to_caf(why));
  launch_ended(self);
  if (state.record.options.auto_remove && !state.removing) remove_itself(self);
}

void started(self_pointer self, const launching_ptr& work, const monitor::started& process) {
  auto& state = self->state;
  tell(state.parts->admission, release_slot{*work->held});
  auto& now_is = state.record.state;
  now_is.now = phase::running;
  now_is.pid = process.pid;
  now_is.pid_start_time = process.pid_start_time;
  now_is.launcher = process.launcher;
  now_is.started_at = now();
  now_is.exit_code = 0;
  now_is.oom_killed = false;
  now_is.error.clear();
  state.launched_at = self->clock().now();
  begin_health(self);
  publish(self);
  emit(self, "start");
  work->promise.deliver(done{});
  launch_ended(self);
}

/// Namespaces that the launcher makes have no names in the document: what the creation built holds for them.
bool are_new(const sandbox_namespaces& namespaces) {
  return namespaces.network.empty() && namespaces.ipc.empty() && namespaces.pid.empty() && namespaces.uts.empty() &&
         namespaces.shm.empty() && namespaces.user.empty();
}

/// The creation's document, once; else one for the host, the image and the namespaces as they are now.
result<spec::built_spec> document_for(container_supervisor_state& state, const sandbox_namespaces& namespaces) {
  auto kept = std::exchange(state.document, nullptr);
  if (kept && are_new(namespaces)) return std::move(*kept);
  return build_document(*state.parts->config, state.record, state.image->config, namespaces, state.device_edits);
}

/// A pod's maps have one range each, from 0 on (api/cri).
monitor::container_users users_of(const pod_member& member, const sandbox_namespaces& namespaces) {
  if (member.uid_map.empty()) return {};
  return {namespaces.user, member.uid_map.front().host_id, member.gid_map.front().host_id};
}

/// An image of one layer is that folder, or the file in it.
monitor::mapped_source mapped_source_of(const resolved_mount& mount) {
  if (mount.type == "volume") return {mount.source, true, {}, {}, {}, mount.sub_path};
  if (mount.type != "image") return {mount.source, true};
  if (mount.layers.size() == 1) return {mount.layers.front()};
  monitor::mapped_source made;
  made.layers = mount.layers;
  return made;
}

/// In the order in which the document counts them.
std::vector<monitor::mapped_source> mapped_sources(const container_record& record) {
  std::vector<monitor::mapped_source> all;
  const auto& pod = record.options.in_pod;
  for (const auto& mount : record.mounts) {
    if (!is_mounted_before(mount)) continue;
    const bool as_pod = mount.uid_map == pod.uid_map && mount.gid_map == pod.gid_map;
    auto& one = all.emplace_back(mapped_source_of(mount));
    if (as_pod) continue; // the pod's namespace serves, if there is one
    one.uids = pod::ranges_of(mount.uid_map);
    one.gids = pod::ranges_of(mount.gid_map);
  }
  return all;
}

result<monitor::start_container> start_request(const container_supervisor_state& state, std::string config_json,
                                               const sandbox_namespaces& namespaces) {
  const auto& record = state.record;
  GANTRY_LET(auto runtime, runtime_of(*state.parts->config, record));
  monitor::start_container request;
  request.container = record.name;
  request.runtime = std::move(runtime);
  request.bundle = bundle_of(*state.parts->config, record.name);
  request.config_json = std::move(config_json);
  request.root = rootfs_of(*state.parts->config, record);
  GANTRY_LET(request.files, network_files(*state.parts->config, record, namespaces));
  request.tty = record.options.tty;
  request.open_stdin = record.options.open_stdin;
  request.stdin_once = record.options.stdin_once;
  request.console_height = record.options.console.height;
  request.console_width = record.options.console.width;
  request.shm = namespaces.shm;
  request.users = users_of(record.options.in_pod, namespaces);
  request.mapped = mapped_sources(record);
  request.log = log_target_of(record, state.image->config);
  request.oom_cgroup = state.parts->config->facts.cgroups.folder_of("memory", cgroup_of(*state.parts->config, record));
  return request;
}

void run_init(self_pointer self, const launching_ptr& work) {
  auto& state = self->state;
  auto built = document_for(state, work->namespaces);
  if (!built) return fail_launch(self, work, std::move(built.error()));
  for (const auto& warning : built->warnings) spdlog::warn("container {}: {}", to_string(state.record.name), warning);
  auto request = start_request(state, built->config_json(), work->namespaces);
  state.process_json = std::move(built->process_json);
  if (!request) return fail_launch(self, work, std::move(request.error()));
  tell(launcher_of(self), watch_container{state.record.name, self});
  state.clean = false;
  tell_mounted(self);
  ask<monitor::started>(self, launcher_of(self), deadline::inner, std::move(*request),
                        [self, work](result<monitor::started> r) {
                          if (r)
                            started(self, work, *r);
                          else
                            fail_launch(self, work, std::move(r.error()));
                        });
}

/// Devices may have other numbers by now, and their files been rewritten: what holds is what they say at each start.
void find_devices_again(self_pointer self, const launching_ptr& work) {
  auto& state = self->state;
  const auto& names = state.record.options.cdi_devices;
  if (names.empty()) return run_init(self, work);
  state.document.reset();
  ask<found_devices>(self, state.parts->devices, deadline::inner, find_devices{names},
                     [self, work](result<found_devices> r) {
                       if (!r) return fail_launch(self, work, std::move(r.error()));
                       self->state.device_edits = std::move(r->edits);
                       run_init(self, work);
                     });
}

void begin(self_pointer self, const launching_ptr& work) {
  auto& state = self->state;
  ++state.generation;
  // A pod's network is not one container's; and a parent that was asked for may be removed by who made it.
  state.touched = in_pod(state.record) || !state.record.options.cgroup_parent.empty();
  state.record.state.now = phase::starting;
  state.record.state.stopped_by_user = false;
  acquire_slot request{work_kind::launch, work->client, self->address()};
  ask<slot>(self, state.parts->admission, deadline::inner, request, [self, work](result<slot> r) {
    if (!r) return fail_launch(self, work, std::move(r.error()));
    work->held = *r;
    find_devices_again(self, work);
  });
}

result<void> may_launch(const container_supervisor_state& state) {
  if (state.removing) return fail(errc::failed_precondition, "container {} is being removed", state.record.name.id);
  switch (state.record.state.now) {
  case phase::created:
  case phase::exited:
  case phase::restarting:
    return {};
  case phase::paused:
    return fail(errc::failed_precondition, "cannot start a paused container, try unpause instead");
  case phase::running:
  case phase::starting:
    return tl::unexpected<error>(
        error{errc::failed_precondition, "container " + state.record.name.id + " is already running", EALREADY});
  default:
    return fail(errc::failed_precondition, "container {} is dead", state.record.name.id);
  }
}

} // namespace

caf::result<done> launch(self_pointer self, const launch_container& request) {
  auto& state = self->state;
  if (auto may = may_launch(state); !may) return to_caf(may.error());
  auto work = std::make_shared<launching>();
  work->namespaces = request.namespaces;
  work->client = request.client;
  work->before = state.record.state.now;
  work->promise = self->make_response_promise<done>();
  auto go_on = [self, work] {
    when_returned(
        self, [self, work] { begin(self, work); },
        [self, work](error why) { fail_launch(self, work, std::move(why)); });
  };
  if (state.clean) {
    go_on();
  } else {
    state.record.state.now = phase::starting; // refuses a second start meanwhile
    state.when_clean.emplace_back(go_on);
  }
  return work->promise;
}

/// Its network will serve no other container then.
caf::result<done> share_namespaces(self_pointer self) {
  auto& state = self->state;
  if (!alive(state))
    return to_caf(error{errc::failed_precondition, "container " + state.record.name.id + " is not running", 0});
  state.touched = true;
  return done{};
}

} // namespace gantry::container
