#include "actors/sandbox_supervisor.hpp"

#include <spdlog/spdlog.h>

namespace gantry {
namespace {

using self_pointer = sandbox_supervisor_actor::stateful_pointer<sandbox_supervisor_state>;
using ready_callback = std::function<void(result<void>)>;

const launcher_actor& launcher_of(self_pointer self) { return self->state.parts->launcher(self->state.record.monitor); }

void write_record(self_pointer self) {
  record_changes changes{{store::put_sandbox{self->state.record, store::when_there::require}}, false};
  ask<done>(self, self->state.parts->metadata, deadline::inner, std::move(changes), [self](const auto& r) {
    // After the container's removal there is no record any more: the network of a removed one is unmade last.
    if (!r && r.error().code != errc::not_found)
      spdlog::error("sandbox {}: its record: {}", to_string(self->state.record.name), r.error().message);
  });
}

void show_endpoint(self_pointer self) {
  tell(self->state.parts->catalog, endpoint_changed{self->state.record.name, self->state.record.endpoint});
}

/// The namespaces settle down; whoever waited goes on, one at a time.
void settle(self_pointer self, bool ready) {
  auto& state = self->state;
  state.busy = false;
  state.ready = ready;
  if (state.waiting.empty()) return;
  auto next = std::move(state.waiting.front());
  state.waiting.erase(state.waiting.begin());
  next();
  if (!state.busy && !state.waiting.empty()) settle(self, state.ready);
}

// -- unmaking --------------------------------------------------------------------------------------------------------

/// Of "none", the namespace is the launcher's to make: nothing is attached to it, so nobody else needs it.
bool owns_network(const sandbox_record& record) {
  return record.network_mode != "host" && record.network_mode != "none" &&
         !record.network_mode.starts_with("container:");
}

/// Whatever the monitor holds for this sandbox, also when this supervisor does not know of it: it may have been made
/// for an engine that was killed. Nothing held is no error.
void drop_namespace(self_pointer self, std::function<void()> then) {
  monitor::drop_network_namespace request{self->state.record.name};
  ask<done>(self, launcher_of(self), deadline::monitor, std::move(request), [self, then](const auto&) {
    self->state.namespaces = {};
    then();
  });
}

void unmake(self_pointer self, const std::function<void()>& then) {
  auto& state = self->state;
  state.busy = true;
  auto finish = [self, then] {
    settle(self, false);
    then();
  };
  if (!owns_network(state.record)) return finish();
  if (!state.record.endpoint) return drop_namespace(self, finish);
  detach_network request{state.record.name, *state.record.endpoint, state.namespaces.network, state.record.monitor};
  ask<done>(self, state.parts->network, deadline::network, std::move(request), [self, finish](const auto& r) {
    auto& s = self->state;
    if (!r) {
      // The record keeps the endpoint: the next start of the engine tries again.
      spdlog::error("sandbox {}: detaching its network: {}", to_string(s.record.name), r.error().message);
    } else {
      s.record.endpoint.reset();
      write_record(self);
      show_endpoint(self);
    }
    drop_namespace(self, finish);
  });
}

// -- making ----------------------------------------------------------------------------------------------------------

void attach(self_pointer self, const ready_callback& then) {
  auto& state = self->state;
  attach_network request{state.record.name,  state.record.network_mode, state.namespaces.network,
                         state.record.ports, state.options.mac_address, state.record.monitor};
  ask<network_endpoint>(self, state.parts->network, deadline::network, std::move(request),
                        [self, then](result<network_endpoint> r) {
                          if (!r) return then(tl::unexpected<error>(std::move(r.error())));
                          auto& s = self->state;
                          s.record.endpoint = *r;
                          s.namespaces.endpoint = std::move(*r);
                          write_record(self);
                          show_endpoint(self);
                          then({});
                        });
}

/// Recorded before the first syscall, so that recovery knows that there may be something to detach.
void record_then_attach(self_pointer self, const ready_callback& then) {
  auto& state = self->state;
  state.record.endpoint.emplace();
  state.record.endpoint->network = state.record.network_mode;
  record_changes changes{{store::put_sandbox{state.record, store::when_there::require}}, false};
  ask<done>(self, state.parts->metadata, deadline::inner, std::move(changes), [self, then](result<done> r) {
    if (!r) return then(tl::unexpected<error>(std::move(r.error())));
    attach(self, then);
  });
}

void make_network(self_pointer self, const ready_callback& then) {
  auto& state = self->state;
  if (!owns_network(state.record)) return then({});
  monitor::make_network_namespace request{state.record.name};
  ask<monitor::namespace_path>(self, launcher_of(self), deadline::launch, std::move(request),
                               [self, then](result<monitor::namespace_path> r) {
                                 if (!r) return then(tl::unexpected<error>(std::move(r.error())));
                                 self->state.namespaces.network = std::move(r->path);
                                 record_then_attach(self, then);
                               });
}

/// The namespace files of another container's init (namespaces(7), "/proc/[pid]/ns").
result<void> join(sandbox_supervisor_state& state, const found_container& other, const std::string& which) {
  if (!other.view || other.view->state.pid == 0)
    return fail(errc::failed_precondition, "cannot join the {} namespace of a container that does not run: {}", which,
                other.name.id);
  auto folder = "/proc/" + std::to_string(other.view->state.pid) + "/ns/";
  if (which == "network") state.namespaces.network = folder + "net";
  if (which == "ipc") state.namespaces.ipc = folder + "ipc";
  if (which == "pid") state.namespaces.pid = folder + "pid";
  return {};
}

/// The other container knows it before its namespaces are entered.
void announce_join(self_pointer self, const container_supervisor_actor& other, const ready_callback& failed,
                   const std::function<void()>& go_on) {
  ask<done>(self, other, deadline::inner, join_namespaces{}, [failed, go_on](result<done> r) {
    if (!r) return failed(tl::unexpected<error>(std::move(r.error())));
    go_on();
  });
}

/// Resolves each "container:<id>" of `modes` in turn, then makes the network.
void join_next(self_pointer self, std::vector<std::pair<std::string, std::string>> modes, const ready_callback& then) {
  static constexpr std::string_view prefix = "container:";
  while (!modes.empty() && !modes.back().second.starts_with(prefix)) modes.pop_back();
  if (modes.empty()) return make_network(self, then);
  auto [which, mode] = std::move(modes.back());
  modes.pop_back();
  find_container request{self->state.record.name.ns, mode.substr(prefix.size())};
  ask<found_container>(self, self->state.parts->catalog, deadline::inner, std::move(request),
                       [self, modes, then, which = which](result<found_container> r) {
                         if (!r) return then(tl::unexpected<error>(std::move(r.error())));
                         if (auto joined = join(self->state, *r, which); !joined) return then(std::move(joined));
                         announce_join(self, r->container, then, [self, modes, then] { join_next(self, modes, then); });
                       });
}

void make(self_pointer self, const ready_callback& then) {
  auto& state = self->state;
  state.busy = true;
  state.namespaces = {};
  auto settled = [self, then](result<void> r) {
    if (r) {
      settle(self, true);
      return then({});
    }
    unmake(self, [then, r] { then(r); });
  };
  join_next(self,
            {{"network", state.record.network_mode}, {"ipc", state.options.ipc_mode}, {"pid", state.options.pid_mode}},
            settled);
}

// -- requests --------------------------------------------------------------------------------------------------------

void when_settled(self_pointer self, std::function<void()> action) {
  if (self->state.busy)
    self->state.waiting.push_back(std::move(action));
  else
    action();
}

void launch(self_pointer self, caf::typed_response_promise<done> promise, const std::string& client) {
  launch_container request{self->state.namespaces, client};
  ask<done>(self, self->state.container, deadline::inner, std::move(request),
            [promise](result<done> r) mutable { deliver(promise, std::move(r)); });
}

void start(self_pointer self, caf::typed_response_promise<done> promise, const std::string& client) {
  if (self->state.ready) return launch(self, promise, client);
  make(self, [self, promise, client](const result<void>& r) mutable {
    if (!r) return refuse(promise, r.error());
    launch(self, promise, client);
  });
}

caf::result<done> remove(self_pointer self) {
  auto promise = self->make_response_promise<done>();
  when_settled(self, [self, promise]() mutable {
    unmake(self, [self, promise]() mutable {
      promise.deliver(done{});
      self->quit();
    });
  });
  return promise;
}

void start_again(self_pointer self) {
  ask<done>(self, caf::actor_cast<sandbox_supervisor_actor>(self), deadline::inner, start_container{"restart"},
            [self](const result<done>& r) {
              if (r || r.error().os_errno == EALREADY) return;
              spdlog::error("container {}: restart: {}", to_string(self->state.record.name), r.error().message);
            });
}

void restart(self_pointer self) {
  if (!std::exchange(self->state.recovered, false)) return start_again(self);
  when_settled(self, [self] { unmake(self, [self] { start_again(self); }); });
}

caf::result<done> recover(self_pointer self, const recover_sandbox& request) {
  auto& state = self->state;
  state.record = request.found.record;
  state.options = request.found.options;
  state.container = request.found.container;
  if (request.pid != 0) {
    state.namespaces.network = "/proc/" + std::to_string(request.pid) + "/ns/net";
    state.namespaces.endpoint = state.record.endpoint;
    state.ready = state.recovered = true;
    if (state.record.endpoint) tell(state.parts->network, recover_endpoint{state.record.name, *state.record.endpoint});
    show_endpoint(self);
    return done{};
  }
  auto promise = self->make_response_promise<done>();
  unmake(self, [promise]() mutable { promise.deliver(done{}); });
  return promise;
}

} // namespace

sandbox_supervisor_actor::behavior_type sandbox_supervisor(self_pointer self,
                                                           std::shared_ptr<const engine_parts> parts) {
  self->state.parts = std::move(parts);
  return {
      [self](const create_sandbox& request) {
        self->state.record = request.record;
        self->state.options = request.options;
        self->state.container = request.container;
        return done{};
      },
      [self](const start_container& request) -> caf::result<done> {
        auto promise = self->make_response_promise<done>();
        when_settled(self, [self, promise, client = request.client] { start(self, promise, client); });
        return promise;
      },
      [self](const recover_sandbox& found) { return recover(self, found); },
      [self](const remove_sandbox&) { return remove(self); },
      [self](const inspect_sandbox&) { return self->state.record; },
      [self](const container_stopped&) {
        ++self->state.generation;
        when_settled(self, [self] { unmake(self, [] {}); });
      },
      [self](const restart_container_later& request) {
        self->delayed_send(self, request.delay, restart_now{++self->state.generation});
      },
      [self](const restart_now& due) {
        if (due.generation == self->state.generation) restart(self);
      },
  };
}

} // namespace gantry
