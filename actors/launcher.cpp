#include "actors/launcher.hpp"

#include <spdlog/spdlog.h>

#include "runtime/sys/thread_name.hpp"

namespace gantry {
namespace {

using self_pointer = launcher_actor::stateful_pointer<launcher_state>;

/// The answer that the interface promises, out of what the monitor may say.
template<class Reply>
result<Reply> expect_reply(result<monitor::reply> r) {
  if (!r) return tl::unexpected<error>(std::move(r.error()));
  if constexpr (std::is_same_v<Reply, done>) {
    if (std::holds_alternative<monitor::done>(*r)) return done{};
  } else if (auto* reply = std::get_if<Reply>(&*r)) {
    return std::move(*reply);
  }
  return fail(errc::internal, "a monitor answered something else than was asked");
}

constexpr std::chrono::seconds between_looks{1};

/// What a monitor answers from memory, or waits for an OCI runtime, a program or the kernel to end.
template<class Request>
constexpr std::chrono::seconds time_for() {
  using namespace monitor;
  constexpr bool from_memory = std::is_same_v<Request, signal_process> || std::is_same_v<Request, signal_all> ||
                               std::is_same_v<Request, open_stream> || std::is_same_v<Request, resize_terminal> ||
                               std::is_same_v<Request, drop_network_namespace> || std::is_same_v<Request, shut_down> ||
                               std::is_same_v<Request, reopen_log>;
  return from_memory ? deadline::monitor : deadline::launch;
}

void keep_clock(self_pointer self) {
  if (!std::exchange(self->state.clock_runs, true)) self->delayed_send(self, between_looks, look_for_overdue{});
}

/// Sends a request on; its answer comes back as monitor_answered, and `note` sees it first.
template<class Reply, class Request, class Note>
caf::result<Reply> pass_on(self_pointer self, const Request& request, Note note) {
  auto& state = self->state;
  if (!state.connection)
    return to_caf(error{errc::unavailable, "the monitor is being replaced after its death; try again", 0});
  auto promise = self->template make_response_promise<Reply>();
  auto answered = [promise, note](result<monitor::reply> r) mutable {
    note(r);
    deliver(promise, expect_reply<Reply>(std::move(r)));
  };
  auto number = state.open.add(self->clock().now() + time_for<Request>(), std::move(answered));
  keep_clock(self);
  auto to = caf::actor_cast<launcher_actor>(self);
  state.connection->request(request, [to, number](result<monitor::reply> r) {
    tell(to, monitor_answered{number, std::move(r)});
  });
  return promise;
}

template<class Reply, class Request>
caf::result<Reply> pass_on(self_pointer self, const Request& request) {
  return pass_on<Reply>(self, request, [](const result<monitor::reply>&) {});
}

/// As pass_on, and what comes of it is counted.
caf::result<monitor::started> start(self_pointer self, const monitor::start_container& request) {
  auto count = [self, asked = request.runtime](const result<monitor::reply>& r) {
    if (const auto* made = r ? std::get_if<monitor::started>(&*r) : nullptr)
      self->state.counts.started(*made);
    else
      self->state.counts.failed(asked);
  };
  return pass_on<monitor::started>(self, request, count);
}

void give_up_overdue(self_pointer self) {
  self->state.clock_runs = false;
  self->state.open.give_up_overdue(self->clock().now());
  if (self->state.open.size() != 0) keep_clock(self);
}

metrics figures(const launcher_state& state) {
  metrics made;
  state.counts.say(made);
  made.gauge("gantry_monitors", "Monitors that the engine is connected to.", state.connection ? 1 : 0);
  made.gauge("gantry_monitor_requests", "Requests that monitors have not answered yet.", state.open.size());
  return made;
}

void tell_exit(const container_supervisor_actor& supervisor, const monitor::process_exited& fact) {
  tell(supervisor, container_process_exited{fact.exec_id, fact.exit_code, fact.oom_killed, fact.status_unknown,
                                            fact.finished_at, fact.output});
}

void route_exit(self_pointer self, const monitor::process_exited& fact) {
  self->state.counts.exited(fact);
  if (const auto* supervisor = self->state.exits.route(fact)) tell_exit(*supervisor, fact);
}

/// Ends of this life are forgotten twice: one may be on its way until the monitor has deleted the container.
caf::result<done> delete_container(self_pointer self, const monitor::delete_container& request) {
  self->state.exits.forget(request.container);
  return pass_on<done>(self, request, [self, container = request.container](const result<monitor::reply>&) {
    self->state.exits.forget(container);
  });
}

/// A monitor died: a new one takes its place, and each supervisor sees to its own container.
void replace_monitor(self_pointer self, const std::string& why) {
  auto& state = self->state;
  if (state.ending) return state.connection.reset();
  if (state.connection) state.counts.lost();
  spdlog::error("monitor {} is gone ({}); a new one takes its place", state.where.index, why);
  state.connection.reset();
  auto connected = connect_monitor(state.where, caf::actor_cast<launcher_actor>(self));
  if (!connected) {
    spdlog::critical("monitor {}: {}; trying again", state.where.index, connected.error().message);
    self->delayed_send(self, std::chrono::seconds(1), monitor_lost{connected.error().message});
    return;
  }
  state.connection = std::move(*connected);
  for (const auto& [name, supervisor] : state.exits.watchers()) tell(supervisor, monitor_replaced{});
  for (const auto& watcher : state.monitor_watchers) tell(watcher, monitor_died{state.where.index});
}

} // namespace

result<std::unique_ptr<monitor::client>> connect_monitor(const monitor::location& where, const launcher_actor& to) {
  // The client outlives no actor: a weak handle, so that its thread does not keep the launcher alive.
  auto weak = caf::actor_cast<caf::weak_actor_ptr>(to);
  auto forward = [weak](auto fact) {
    if (auto strong = weak.lock()) tell(caf::actor_cast<launcher_actor>(strong), std::move(fact));
  };
  monitor::client::callbacks on;
  on.exited = [forward](monitor::process_exited fact) { forward(std::move(fact)); };
  on.lost = [forward](error e) { forward(monitor_lost{std::move(e.message)}); };
  auto connected = monitor::client::connect(monitor::socket_path(where), on);
  if (connected || connected.error().code == errc::failed_precondition) return connected;
  GANTRY_TRY(monitor::start(where));
  return monitor::client::connect(monitor::socket_path(where), on);
}

launcher_actor::behavior_type launcher(self_pointer self, monitor::location where) {
  sys::name_thread("launcher");
  self->state.where = std::move(where);
  return {
      [self](const watch_container& request) {
        auto before = self->state.exits.watch(request.container, request.supervisor);
        if (before) tell_exit(request.supervisor, *before);
      },
      [self](const unwatch_container& request) { self->state.exits.unwatch(request.container); },
      [self](const watch_monitor& request) { self->state.monitor_watchers.push_back(request.watcher); },
      [self](const connect_launcher&) -> caf::result<done> {
        auto connected = connect_monitor(self->state.where, caf::actor_cast<launcher_actor>(self));
        if (!connected) return to_caf(connected.error());
        self->state.connection = std::move(*connected);
        return done{};
      },
      [self](const monitor::start_container& r) { return start(self, r); },
      [self](const monitor::exec_process& r) {
        self->state.counts.exec_asked();
        return pass_on<monitor::started>(self, r);
      },
      [self](const monitor::signal_process& r) { return pass_on<done>(self, r); },
      [self](const monitor::signal_all& r) { return pass_on<done>(self, r); },
      [self](const monitor::pause_container& r) { return pass_on<done>(self, r); },
      [self](const monitor::resume_container& r) { return pass_on<done>(self, r); },
      [self](const monitor::delete_container& r) { return delete_container(self, r); },
      [self](const monitor::open_stream& r) { return pass_on<monitor::stream_token>(self, r); },
      [self](const monitor::resize_terminal& r) { return pass_on<done>(self, r); },
      [self](const monitor::make_network_namespace& r) { return pass_on<monitor::namespace_path>(self, r); },
      [self](const monitor::drop_network_namespace& r) { return pass_on<done>(self, r); },
      [self](const monitor::run_process& r) { return pass_on<monitor::process_result>(self, r); },
      [self](const monitor::list_containers& r) { return pass_on<monitor::container_list>(self, r); },
      [self](const monitor::adopt_container& r) { return pass_on<done>(self, r); },
      [self](const monitor::shut_down& r) {
        self->state.ending = true;
        return pass_on<done>(self, r);
      },
      [self](const monitor::reopen_log& r) { return pass_on<done>(self, r); },
      [self](const monitor::make_pod_namespaces& r) { return pass_on<monitor::pod_namespaces>(self, r); },
      [self](const monitor::drop_pod_namespaces& r) { return pass_on<done>(self, r); },
      [self](const monitor::process_exited& fact) { route_exit(self, fact); },
      [self](monitor_answered& answered) { self->state.open.answer(answered.request, std::move(answered.answer)); },
      [self](const look_for_overdue&) { give_up_overdue(self); },
      [self](const monitor_lost& lost) { replace_monitor(self, lost.why); },
      [self](const read_metrics&) { return figures(self->state); },
  };
}

} // namespace gantry
