#include <algorithm>
#include <csignal>

#include "actors/container_supervisor.hpp"
#include "runtime/spec/signal.hpp"

namespace gantry::container {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds first_restart_delay{100}, longest_restart_delay{60'000};
constexpr std::chrono::seconds settled_after{10}; // a life this long starts the back-off anew
constexpr std::chrono::seconds after_kill{10};    // what SIGKILL has not ended by then is stuck in the kernel

error not_running(const container_record& record) {
  return {errc::failed_precondition, "container " + record.name.id + " is not running", 0};
}

void send_signal(self_pointer self, int number) {
  monitor::signal_process request{self->state.record.name, "", number};
  ask<done>(self, launcher_of(self), deadline::inner, std::move(request), [](const auto&) {}); // the exit tells
}

/// On cgroups v1 a frozen process does not even take SIGKILL before it thaws. Asked after the signal: what thaws is
/// dying.
void thaw_if_paused(self_pointer self) {
  if (self->state.record.state.now == phase::paused)
    ask<done>(self, launcher_of(self), deadline::inner, monitor::resume_container{self->state.record.name},
              [](const auto&) {}); // the exit tells
}

/// A container in its back-off does not run: it only stops to wait.
void cancel_restart(self_pointer self) {
  auto& state = self->state;
  ++state.generation;
  state.record.state.now = phase::exited;
  state.record.state.stopped_by_user = true;
  publish(self);
  tell(state.sandbox, container_stopped{});
  answer_waiting(self, false);
}

bool wants_restart(const container_record& record) {
  const auto& s = record.state;
  if (s.stopped_by_user) return false;
  switch (record.options.restart.name) {
  case restart_policy::kind::always:
  case restart_policy::kind::unless_stopped:
    return true;
  case restart_policy::kind::on_failure:
    return s.exit_code != 0 &&
           (record.options.restart.maximum_retries == 0 || s.restart_count < record.options.restart.maximum_retries);
  case restart_policy::kind::no:
    return false;
  }
  return false;
}

void schedule_restart(self_pointer self) {
  auto& state = self->state;
  if (self->clock().now() - state.launched_at >= settled_after) state.restart_delay = milliseconds{0};
  state.restart_delay =
      state.restart_delay.count() == 0 ? first_restart_delay : std::min(state.restart_delay * 2, longest_restart_delay);
  ++state.record.state.restart_count;
  tell(state.sandbox, restart_container_later{state.restart_delay});
}

void end_execs(self_pointer self) {
  constexpr int killed = 137; // by the kernel, as all that is left in the PID namespace of an init that has ended
  for (auto& [id, session] : self->state.execs)
    if (session.running) session_ended(self, session, killed);
}

void handle_exec_exit(self_pointer self, const container_process_exited& fact) {
  auto& execs = self->state.execs;
  auto found = execs.find(fact.exec_id);
  if (found == execs.end()) return;
  session_ended(self, found->second, fact.exit_code);
  emit(self, "exec_die", {{"execID", fact.exec_id}, {"exitCode", std::to_string(fact.exit_code)}});
}

void record_exit(container_supervisor_state& state, const container_process_exited& fact, bool again) {
  auto& s = state.record.state;
  s.now = again ? phase::restarting : phase::exited;
  s.pid = 0;
  s.exit_code = fact.exit_code;
  s.oom_killed = fact.oom_killed;
  // The monitor knows its end sooner than the engine its start: what is over at once has not ended before that.
  s.finished_at = std::max(fact.finished_at != 0 ? fact.finished_at : now(), s.started_at);
  if (fact.status_unknown) s.error = "its exit status is not known: the process that would have learnt it had died";
}

std::string seconds_of(const container_state& life) {
  if (life.started_at == 0) return "0";
  return std::to_string(std::chrono::nanoseconds(life.finished_at - life.started_at) / std::chrono::seconds(1));
}

/// The exit code decides about the restart, so it is looked at before the record is changed for all to see.
bool restarts_after(const container_supervisor_state& state, const container_process_exited& fact) {
  auto after = state.record;
  after.state.exit_code = fact.exit_code;
  return !state.removing && wants_restart(after);
}

} // namespace

void remove_itself(self_pointer self) {
  tell(caf::actor_cast<container_supervisor_actor>(self), remove_container{true, true});
}

void handle_exit(self_pointer self, const container_process_exited& fact) {
  auto& state = self->state;
  if (take_probe_exit(self, fact)) return;
  if (!fact.exec_id.empty()) return handle_exec_exit(self, fact);
  if (!alive(state) && state.record.state.now != phase::starting) return; // told twice
  bool again = restarts_after(state, fact);
  record_exit(state, fact, again);
  ++state.generation;
  end_execs(self);
  rest_health(self);
  if (again) schedule_restart(self);
  show(self);
  if (fact.oom_killed) emit(self, "oom");
  tell_unmounted(self);
  emit(self, "die", {{"exitCode", std::to_string(fact.exit_code)}, {"execDuration", seconds_of(state.record.state)}});
  if (std::exchange(state.stop_untold, false)) emit(self, "stop");
  // Before anybody learns of the end: who then starts it again must not find its old namespaces.
  if (!again) tell(state.sandbox, container_stopped{});
  for (auto& promise : std::exchange(state.stopping, {})) promise.deliver(done{});
  answer_waiting(self, false);
  tell(launcher_of(self), unwatch_container{state.record.name});
  // When it cleans up, the monitor forgets the exit: until the record has it, nobody else would know it after a crash.
  write_state(self, [self] { clean_up(self); });
  if (!again && state.record.options.auto_remove && !state.removing) remove_itself(self);
}

namespace {

result<int> stop_signal_of(const container_supervisor_state& state, const stop_container& request) {
  const auto& own = state.record.options.stop_signal;
  const auto& name = !request.signal.empty() ? request.signal : !own.empty() ? own : state.image->config.stop_signal;
  return name.empty() ? result<int>(SIGTERM) : spec::parse_signal(name);
}

void stop_now(self_pointer self, const stop_container& request, caf::typed_response_promise<done> promise) {
  auto& state = self->state;
  if (state.record.state.now == phase::restarting) {
    cancel_restart(self);
    promise.deliver(done{});
    return;
  }
  if (!alive(state)) {
    auto e = not_running(state.record);
    e.os_errno = EALREADY;
    return refuse(promise, e);
  }
  auto number = stop_signal_of(state, request);
  if (!number) return refuse(promise, number.error());
  state.record.state.stopped_by_user = state.stop_untold = true;
  emit(self, "kill", {{"signal", std::to_string(*number)}});
  send_signal(self, *number);
  thaw_if_paused(self);
  auto own = state.record.options.stop_timeout.value_or(state.parts->config->stop_timeout);
  if (auto seconds = request.timeout.value_or(own); seconds >= 0)
    self->delayed_send(self, std::chrono::seconds(seconds),
                       reminder{reminder::about::kill_after_stop, state.generation});
  state.stopping.push_back(promise);
}

/// An exec session alone: its container goes on.
caf::result<done> kill_exec(self_pointer self, const std::string& exec_id, int number) {
  auto promise = self->make_response_promise<done>();
  monitor::signal_process signal{self->state.record.name, exec_id, number};
  ask<done>(self, launcher_of(self), deadline::inner, std::move(signal),
            [promise](result<done> r) mutable { deliver(promise, std::move(r)); });
  return promise;
}

} // namespace

caf::result<done> stop(self_pointer self, const stop_container& request) {
  auto promise = self->make_response_promise<done>();
  if (self->state.record.state.now == phase::starting)
    self->state.when_launched.push_back([self, request, promise] { stop_now(self, request, promise); });
  else
    stop_now(self, request, promise);
  return promise;
}

caf::result<done> kill(self_pointer self, const kill_container& request) {
  auto& state = self->state;
  auto number = spec::parse_signal(request.signal);
  if (!number) return to_caf(number.error());
  if (!alive(state)) return to_caf(not_running(state.record));
  if (!request.exec_id.empty()) return kill_exec(self, request.exec_id, *number);
  auto promise = self->make_response_promise<done>();
  if (*number == SIGKILL) state.record.state.stopped_by_user = true;
  monitor::signal_process signal{state.record.name, "", *number};
  auto attributes = std::map<std::string, std::string>{{"signal", std::to_string(*number)}};
  emit(self, "kill", std::move(attributes));
  ask<done>(self, launcher_of(self), deadline::inner, std::move(signal),
            [promise, self, number](result<done> r) mutable {
              if (!r && r.error().code == errc::not_found) r.error() = not_running(self->state.record);
              if (!r || *number != SIGKILL || !alive(self->state)) return deliver(promise, std::move(r));
              thaw_if_paused(self);
              self->state.stopping.push_back(promise); // docker's kill answers when the container has ended
              self->delayed_send(self, after_kill, reminder{reminder::about::give_up_stop, self->state.generation});
            });
  return promise;
}

void handle_reminder(self_pointer self, const reminder& what) {
  auto& state = self->state;
  if (what.generation != state.generation) return;
  switch (what.what) {
  case reminder::about::kill_after_stop:
    emit(self, "kill", {{"signal", std::to_string(SIGKILL)}});
    send_signal(self, SIGKILL);
    thaw_if_paused(self);
    self->delayed_send(self, after_kill, reminder{reminder::about::give_up_stop, state.generation});
    break;
  case reminder::about::give_up_stop:
    for (auto& promise : std::exchange(state.stopping, {}))
      promise.deliver(to_caf(error{errc::timeout,
                                   fmt::format("container {}: its process {} did not end {} s after SIGKILL; it may be "
                                               "stuck in the kernel (state D in ps)",
                                               state.record.name.id, state.record.state.pid, after_kill.count()),
                                   0}));
    break;
  case reminder::about::give_up_start:
    give_up_start(self);
    break;
  }
}

caf::result<exit_report> wait(self_pointer self, const wait_container& request) {
  auto& state = self->state;
  bool ended =
      !alive(state) && state.record.state.now != phase::starting && state.record.state.now != phase::restarting;
  if (request.until == wait_container::condition::not_running && ended)
    return exit_report{state.record.state.exit_code, state.record.state.error};
  caf::actor_addr asker = caf::actor_cast<caf::actor_addr>(self->current_sender());
  self->monitor(asker); // a client that leaves a container of years waits for nothing here
  state.waiting.push_back({request.until, self->make_response_promise<exit_report>(), asker});
  return state.waiting.back().promise;
}

} // namespace gantry::container
