#include <csignal>

#include <nlohmann/json.hpp>

#include "actors/container_supervisor.hpp"
#include "actors/health_rules.hpp"
#include "actors/random_id.hpp"

// One probe at a time, from the moment init runs until the container pauses or ends. A container without a check costs
// nothing: it has no reminder, and its state holds nothing of all this.
namespace gantry::container {
namespace {

/// The monitor's name for a probe. Always the same, so that an engine that starts finds the one that the last left.
constexpr auto probe_id = "health";

std::chrono::nanoseconds up_for(self_pointer self) {
  const auto& state = self->state;
  if (state.launched_at != std::chrono::steady_clock::time_point{}) return self->clock().now() - state.launched_at;
  return std::chrono::nanoseconds(now() - state.record.state.started_at); // an earlier engine launched it
}

/// The next probe's reminder; those before it are void.
void schedule(self_pointer self) {
  auto& state = self->state;
  ++state.health.round;
  const auto wait = health::until_next(*state.record.effective_health, state.record.state.health->now, up_for(self));
  self->delayed_send(self, wait, health_reminder{health_reminder::about::probe, state.health.round});
}

/// SHELL of the image's Dockerfile, which is no part of OCI's config.
std::vector<std::string> shell_of(const image& what) {
  const auto document = nlohmann::json::parse(what.config_json, nullptr, false);
  std::vector<std::string> shell;
  if (document.is_object() && document.contains("config") && document["config"].is_object())
    for (const auto& word : document["config"].value("Shell", nlohmann::json()))
      if (word.is_string()) shell.push_back(word.get<std::string>());
  return shell.empty() ? std::vector<std::string>{"/bin/sh", "-c"} : shell;
}

void emit_exec(self_pointer self, const std::string& what) {
  const auto& watch = self->state.health;
  emit(self, fmt::format("{}: {}", what, fmt::join(watch.command, " ")), {{"execID", watch.shown_id}});
}

void kill_probe(self_pointer self) {
  monitor::signal_process request{self->state.record.name, probe_id, SIGKILL};
  ask<done>(self, launcher_of(self), deadline::inner, std::move(request), [](const auto&) {}); // its exit tells
}

void take_result(self_pointer self, probe_result result) {
  auto& state = self->state;
  auto& health_now = *state.record.state.health;
  const auto before = health_now.now;
  result.started_at = state.health.started_at;
  health::take(health_now, *state.record.effective_health, std::move(result), state.health.up_at_start);
  // Only a change is written to the disk: the rest of the log is not worth a transaction for each probe of each
  // container, and the first probe after an engine's restart renews it.
  if (health_now.now == before)
    show(self);
  else
    publish(self);
  if (health_now.now != before) emit(self, fmt::format("health_status: {}", to_string(health_now.now)));
  schedule(self);
}

result<monitor::exec_process> probe_request(container_supervisor_state& state) {
  spec::exec_options options;
  options.args = state.health.command;
  monitor::exec_process request;
  GANTRY_LET(request.process_json, exec_document(state, options));
  request.container = state.record.name;
  request.exec_id = probe_id;
  request.keep_output = max_probe_output + 1; // so that what is cut shows
  return request;
}

void probe_failed(self_pointer self, const error& why) {
  self->state.health.probing = false;
  take_result(self, {0, now(), -1, health::kept_output(why.message)});
}

/// One timer at a time, whatever the number of probes that end before theirs: it is set anew for who runs when it is
/// due.
void watch_time(self_pointer self) {
  auto& watch = self->state.health;
  if (std::exchange(watch.timed, true)) return;
  self->delayed_send(self, watch.deadline - self->clock().now(), health_reminder{health_reminder::about::give_up});
}

void probe_started(self_pointer self) {
  auto& state = self->state;
  emit_exec(self, "exec_start");
  state.health.deadline = self->clock().now() + health::timeout_of(*state.record.effective_health);
  watch_time(self);
}

void look_at_time(self_pointer self) {
  auto& watch = self->state.health;
  watch.timed = false;
  const bool runs = watch.probing && watch.probed_in == watch.round && watch.deadline != decltype(watch.deadline){};
  if (!runs) return;
  if (self->clock().now() < watch.deadline) return watch_time(self);
  watch.late = true;
  kill_probe(self);
}

void probe(self_pointer self) {
  auto& state = self->state;
  auto& watch = state.health;
  if (watch.probing) return schedule(self); // one from before a pause, which has not ended yet
  watch.probing = true;
  watch.late = false;
  watch.probed_in = watch.round;
  watch.deadline = {};
  watch.started_at = now();
  watch.up_at_start = up_for(self);
  watch.shown_id = random_id();
  auto request = probe_request(state);
  if (!request) return probe_failed(self, request.error());
  emit_exec(self, "exec_create");
  ask<monitor::started>(self, launcher_of(self), deadline::inner, std::move(*request),
                        [self, round = watch.round](const result<monitor::started>& r) {
                          auto& w = self->state.health;
                          if (w.round == round)
                            r ? probe_started(self) : probe_failed(self, r.error());
                          else if (!r)
                            w.probing = w.probing && w.probed_in != round; // none came to run
                          else
                            kill_probe(self); // the container was paused, or ended, meanwhile
                        });
}

/// What an earlier engine, or a pause, left running is nobody's any more; no probe begins before it has ended.
void end_stray(self_pointer self) {
  monitor::signal_process request{self->state.record.name, probe_id, SIGKILL};
  ask<done>(self, launcher_of(self), deadline::inner, std::move(request), [self](const result<done>& r) {
    if (!r || self->state.health.probing) return;
    self->state.health.probing = true;
    self->state.health.probed_in = 0;
  });
}

} // namespace

void begin_health(self_pointer self) {
  auto& state = self->state;
  auto& shown = state.record.state.health;
  shown.reset();
  if (!state.record.effective_health) return;
  shown.emplace();
  resume_health(self);
}

void resume_health(self_pointer self) {
  auto& state = self->state;
  if (!state.record.effective_health) return;
  auto& shown = state.record.state.health;
  if (!shown) shown.emplace();
  if (state.health.command.empty())
    state.health.command = health::command_of(*state.record.effective_health, shell_of(*state.image));
  schedule(self);
}

void recover_health(self_pointer self) {
  if (!self->state.record.effective_health) return;
  self->state.health.probing = false; // a monitor that died takes along what it knew of a probe
  end_stray(self);
  resume_health(self);
}

void rest_health(self_pointer self) {
  auto& watch = self->state.health;
  ++watch.round;
  if (!watch.probing) return;
  if (alive(self->state))
    kill_probe(self);
  else
    watch.probing = false; // the kernel has killed what was left in its PID namespace
}

void handle_health_reminder(self_pointer self, const health_reminder& what) {
  if (what.what == health_reminder::about::give_up) return look_at_time(self);
  if (what.round == self->state.health.round) probe(self);
}

bool take_probe_exit(self_pointer self, const container_process_exited& fact) {
  if (fact.exec_id != probe_id) return false;
  auto& watch = self->state.health;
  if (!std::exchange(watch.probing, false) || watch.probed_in != watch.round) return true; // nobody's any more
  emit(self, "exec_die", {{"execID", watch.shown_id}, {"exitCode", std::to_string(fact.exit_code)}});
  auto output = health::kept_output(fact.output);
  if (!watch.late) {
    take_result(self, {0, fact.finished_at, fact.exit_code, std::move(output)});
    return true;
  }
  auto words = "Health check exceeded timeout (" +
               health::go_duration(health::timeout_of(*self->state.record.effective_health)) + ")";
  if (!output.empty()) words += ": " + output;
  take_result(self, {0, fact.finished_at, -1, std::move(words)});
  return true;
}

} // namespace gantry::container
