#include <spdlog/spdlog.h>

#include "actors/cgroup_paths.hpp"
#include "actors/container_log.hpp"
#include "actors/container_supervisor.hpp"
#include "actors/sandbox_of.hpp"
#include "runtime/sys/files.hpp"

namespace gantry::container {
namespace {

bool was_alive(const container_record& record) {
  return record.state.now == phase::running || record.state.now == phase::paused;
}

/// Init still runs under its monitor (also one whose start the engine did not live to hear of).
void go_on(self_pointer self, const monitor::container_entry& truth) {
  auto& state = self->state;
  auto& s = state.record.state;
  if (!was_alive(state.record)) s.now = phase::running;
  s.pid = truth.pid;
  s.pid_start_time = truth.pid_start_time;
  if (truth.started_at != 0) s.started_at = truth.started_at;
  state.clean = false;
  tell(launcher_of(self), watch_container{state.record.name, self});
  if (s.now == phase::running) recover_health(self);
  publish(self);
}

void apply_exit(self_pointer self, const monitor::container_entry& truth) {
  auto& state = self->state;
  if (!was_alive(state.record)) state.record.state.now = phase::running; // so that the exit is taken
  state.clean = false;
  handle_exit(self, {"", truth.exit_code, truth.oom_killed, false, truth.finished_at});
}

/// Nobody has it: a reboot, or its monitor died while no engine ran.
void exit_unknown(self_pointer self) {
  auto& state = self->state;
  state.clean = false;
  handle_exit(self, {"", 255, false, true, now()});
}

bool same_process(const container_state& s) {
  if (s.pid == 0) return false;
  auto start = sys::process_start_time(s.pid);
  return start && *start == s.pid_start_time;
}

monitor::adopt_container adoption(const container_supervisor_state& state) {
  const auto& record = state.record;
  const auto& config = *state.parts->config;
  monitor::adopt_container request;
  auto& how = request.how;
  how.container = record.name;
  if (auto runtime = maker_of(config, record)) how.runtime = *runtime;
  how.bundle = bundle_of(config, record.name);
  how.root = rootfs_of(config, record);
  how.tty = record.options.tty;
  how.open_stdin = record.options.open_stdin;
  how.stdin_once = record.options.stdin_once;
  how.log = log_target_of(record, state.image->config);
  how.oom_cgroup = config.facts.cgroups.folder_of("memory", cgroup_of(config, record));
  request.pid = record.state.pid;
  request.pid_start_time = record.state.pid_start_time;
  return request;
}

/// The monitor does not know the container, but its init lives: have it watched again.
void adopt(self_pointer self) {
  auto& state = self->state;
  state.clean = false;
  tell(launcher_of(self), watch_container{state.record.name, self});
  ask<done>(self, launcher_of(self), deadline::inner, adoption(state), [self](result<done> r) {
    if (r && self->state.record.state.now == phase::running) recover_health(self);
    if (r) return;
    spdlog::error("container {}: its new monitor could not take it over: {}", to_string(self->state.record.name),
                  r.error().message);
    if (alive(self->state)) exit_unknown(self);
  });
}

bool restarts_with_engine(const container_record& record) {
  switch (record.options.restart.name) {
  case restart_policy::kind::always:
    return true;
  case restart_policy::kind::unless_stopped:
    return !record.state.stopped_by_user;
  default:
    return false;
  }
}

/// What does not run and should, by its restart policy.
void resume_policy(self_pointer self) {
  auto& state = self->state;
  const auto& s = state.record.state;
  bool interrupted = s.now == phase::restarting;
  bool ended_before = s.now == phase::exited && s.started_at != 0 && restarts_with_engine(state.record);
  if (!interrupted && !ended_before) return;
  state.record.state.now = phase::restarting;
  tell(state.sandbox, restart_container_later{std::chrono::milliseconds{100}});
}

/// One that was removed by force meanwhile is not there to be used; its layers are kept by the record.
void use_mounted_images_again(self_pointer self) {
  const auto& record = self->state.record;
  for (const auto& mount : record.mounts)
    if (mount.type == "image")
      ask<found_image>(self, self->state.parts->images, deadline::inner,
                       use_image{record.name.ns, mount.image.str(), record.name}, [](const result<found_image>&) {});
}

} // namespace

caf::result<done> recover(self_pointer self, const recover_container& found) {
  auto& state = self->state;
  state.record = found.record;
  use_mounted_images_again(self);
  auto promise = self->make_response_promise<done>();
  use_image use{state.record.name.ns, state.record.image_id.str(), state.record.name};
  ask<found_image>(self, state.parts->images, deadline::inner, std::move(use),
                   [self, promise, truth = found.truth](result<found_image> image) mutable {
                     auto& s = self->state;
                     // A container outlives its image's removal by force: it still runs, but cannot be started again.
                     s.image = image ? image->what : std::make_shared<const gantry::image>();
                     s.mounts_told = truth.has_value() || was_alive(s.record);
                     if (truth && truth->exited)
                       apply_exit(self, *truth);
                     else if (truth)
                       go_on(self, *truth);
                     else if (was_alive(s.record) && same_process(s.record.state))
                       adopt(self);
                     else if (was_alive(s.record))
                       exit_unknown(self);
                     else
                       resume_policy(self);
                     if (s.record.state.now == phase::starting) s.record.state.now = phase::created;
                     s.parts->tell_catalog(container_changed{std::make_shared<const container_record>(s.record)});
                     promise.deliver(done{});
                   });
  return promise;
}

void adopt_by_new_monitor(self_pointer self) {
  if (!alive(self->state)) return;
  if (same_process(self->state.record.state))
    adopt(self);
  else
    exit_unknown(self);
}

} // namespace gantry::container
