#include "actors/sandbox_supervisor.hpp"

#include <spdlog/spdlog.h>

namespace gantry {
namespace {

using sandbox::attach_all;
using sandbox::detach_all;
using sandbox::drop_ipc;
using sandbox::make_ipc;
using sandbox::outcome_callback;
using sandbox::owns_network;
using sandbox::self_pointer;

const launcher_actor& launcher_of(self_pointer self) { return self->state.parts->launcher(self->state.record.monitor); }

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

/// Whatever the monitor holds for this sandbox, also when this supervisor does not know of it: it may have been made
/// for an engine that was killed. Nothing held is no error.
void drop_namespace(self_pointer self, std::function<void()> then) {
  monitor::drop_network_namespace request{self->state.record.name};
  ask<done>(self, launcher_of(self), deadline::inner, std::move(request), [self, then](const auto&) {
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
  drop_ipc(self, [self, finish] {
    if (!owns_network(self->state.record)) return finish();
    detach_all(self, [self, finish] { drop_namespace(self, finish); });
  });
}

// -- making ----------------------------------------------------------------------------------------------------------

void make_network(self_pointer self, const outcome_callback& then) {
  auto& state = self->state;
  if (!owns_network(state.record)) return then({});
  monitor::make_network_namespace request{state.record.name};
  ask<monitor::namespace_path>(self, launcher_of(self), deadline::inner, std::move(request),
                               [self, then](result<monitor::namespace_path> r) {
                                 if (!r) return then(tl::unexpected<error>(std::move(r.error())));
                                 self->state.namespaces.network = std::move(r->path);
                                 attach_all(self, then);
                               });
}

/// The namespace files of another container's init (namespaces(7), "/proc/[pid]/ns").
void join(self_pointer self, const found_container& other, const std::string& which, const outcome_callback& then) {
  auto& state = self->state;
  if (!other.view || other.view->state.pid == 0)
    return then(fail(errc::failed_precondition, "cannot join the {} namespace of a container that does not run: {}",
                     which, other.name.id));
  auto folder = "/proc/" + std::to_string(other.view->state.pid) + "/ns/";
  if (which == "ipc") return sandbox::join_ipc(self, *other.view, then);
  if (which == "network") state.namespaces.network = folder + "net";
  if (which == "pid") state.namespaces.pid = folder + "pid";
  then({});
}

/// The other container knows it before its namespaces are entered.
void announce_join(self_pointer self, const container_supervisor_actor& other, const outcome_callback& failed,
                   const std::function<void()>& go_on) {
  ask<done>(self, other, deadline::inner, join_namespaces{}, [failed, go_on](result<done> r) {
    if (!r) return failed(tl::unexpected<error>(std::move(r.error())));
    go_on();
  });
}

/// What nobody else has made.
void make_own(self_pointer self, const outcome_callback& then) {
  make_ipc(self, [self, then](result<void> r) {
    if (!r) return then(std::move(r));
    make_network(self, then);
  });
}

/// Resolves each "container:<id>" of `modes` in turn, then makes what is left.
void join_next(self_pointer self, std::vector<std::pair<std::string, std::string>> modes,
               const outcome_callback& then) {
  static constexpr std::string_view prefix = "container:";
  while (!modes.empty() && !modes.back().second.starts_with(prefix)) modes.pop_back();
  if (modes.empty()) return make_own(self, then);
  auto [which, mode] = std::move(modes.back());
  modes.pop_back();
  find_container request{self->state.record.name.ns, mode.substr(prefix.size())};
  ask<found_container>(self, self->state.parts->catalog, deadline::inner, std::move(request),
                       [self, modes, then, which = which](result<found_container> r) {
                         if (!r) return then(tl::unexpected<error>(std::move(r.error())));
                         join(self, *r, which, [self, modes, then, other = r->container](result<void> joined) {
                           if (!joined) return then(std::move(joined));
                           announce_join(self, other, then, [self, modes, then] { join_next(self, modes, then); });
                         });
                       });
}

void make(self_pointer self, const outcome_callback& then) {
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
    if (r) return launch(self, promise, client);
    refuse(promise, r.error());
    // Who ran it waits for its removal (docker run --rm), and nothing of it has begun that would end.
    if (self->state.options.auto_remove) tell(self->state.container, remove_container{true, true});
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

/// Another network, or one less: `change` is sandbox::connect or disconnect. Whoever comes meanwhile waits.
template<class Change>
caf::result<done> change_networks(self_pointer self, Change change) {
  auto promise = self->make_response_promise<done>();
  when_settled(self, [self, promise, change] {
    self->state.busy = true;
    change([self, promise, before = self->state.record.endpoints](const result<void>& r) mutable {
      if (r && self->state.ready) sandbox::update_resolver(self, before);
      settle(self, self->state.ready);
      if (r)
        promise.deliver(done{});
      else
        refuse(promise, r.error());
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

/// Another life finds an empty /dev/shm, as dockerd has it; its networks stay.
void renew_ipc(self_pointer self, const std::function<void()>& then) {
  self->state.busy = true;
  drop_ipc(self, [self, then] {
    make_ipc(self, [self, then](const result<void>& r) {
      if (!r) return unmake(self, then); // the start makes all of it, and tells of what fails
      settle(self, true);
      then();
    });
  });
}

void restart(self_pointer self) {
  const bool recovered = std::exchange(self->state.recovered, false);
  if (!recovered && !sandbox::shares_ipc(self->state)) return start_again(self);
  when_settled(self, [self, recovered, due = self->state.generation] {
    auto go_on = [self, due] {
      if (self->state.generation == due) start_again(self); // it was not stopped meanwhile
    };
    if (recovered || !self->state.ready)
      unmake(self, go_on);
    else
      renew_ipc(self, go_on);
  });
}

caf::result<done> recover(self_pointer self, const recover_sandbox& request) {
  auto& state = self->state;
  state.record = request.found.record;
  state.options = request.found.options;
  state.container = request.found.container;
  state.ready = state.recovered = request.pid != 0;
  sandbox::tell_recovered(self);
  if (state.ready) {
    state.namespaces.network = "/proc/" + std::to_string(request.pid) + "/ns/net";
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
      [self](const connect_network& request) {
        return change_networks(self, [self, request](auto then) { sandbox::connect(self, request.how, then); });
      },
      [self](const disconnect_network& request) {
        return change_networks(self, [self, request](auto then) { sandbox::disconnect(self, request.network, then); });
      },
      [self](const container_renamed& fact) {
        when_settled(self, [self, fact] { sandbox::rename(self, fact.display_name); });
      },
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
