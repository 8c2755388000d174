#include "actors/engine_supervisor.hpp"

#include <spdlog/spdlog.h>

#include "actors/container_supervisor.hpp"
#include "actors/random_id.hpp"
#include "actors/sandbox_of.hpp"
#include "actors/sandbox_supervisor.hpp"

namespace gantry {
namespace engine_steps {

actor_pair spawn_pair(self_pointer self, const key& name) {
  auto& state = self->state;
  actor_pair made{name, {}, self->spawn(sandbox_supervisor, state.parts)};
  made.container = self->spawn(container_supervisor, state.parts, made.sandbox);
  self->monitor(made.container);
  state.supervised.emplace(made.container.address(), made);
  return made;
}

} // namespace engine_steps

namespace {

using engine_steps::self_pointer;

/// A document holds for at most the sum of these.
constexpr std::chrono::seconds fresh_for{20}, fresh_tick{10};

/// One clock for all: a timer a creation would cost more than building the document again.
void keep_clock(self_pointer self) {
  if (!std::exchange(self->state.clock_runs, true)) self->delayed_send(self, fresh_tick, forget_documents{});
}

void forget_old_documents(self_pointer self) {
  self->state.clock_runs = false;
  for (auto& [address, made] : self->state.supervised) {
    if (!made.created_at) continue;
    if (self->clock().now() - *made.created_at < fresh_for) {
      keep_clock(self);
    } else {
      tell(made.container, forget_document{});
      made.created_at.reset();
    }
  }
}

caf::error stopping() { return to_caf(error{errc::unavailable, "the engine is stopping", 0}); }

void create_now(self_pointer self, create_container& request, caf::typed_response_promise<created>& promise) {
  auto made = engine_steps::spawn_pair(self, request.name);
  tell(self->state.parts->admission, pass_slot{*request.held, made.container.address()});
  auto record = new_record(request, self->state.parts->launchers.size());
  tell(made.sandbox, create_sandbox{sandbox_of(record), request.options, made.container});
  self->state.supervised.at(made.container.address()).created_at = self->clock().now();
  keep_clock(self);
  promise.delegate(made.container, std::move(request));
}

/// Until it is its turn, a creation is a request here and no actor, has no name and no folder: thousands may wait, and
/// who is refused has cost next to nothing.
caf::result<created> create(self_pointer self, create_container& request) {
  if (self->state.stopping) return stopping();
  if (request.name.id.empty()) request.name.id = random_id();
  auto promise = self->make_response_promise<created>();
  acquire_slot turn{work_kind::creation, request.client, self->address()};
  auto waiting = std::make_shared<create_container>(std::move(request));
  ask<slot>(self, self->state.parts->admission, deadline::inner, std::move(turn),
            [self, waiting, promise](const result<slot>& r) mutable {
              if (!r) return refuse(promise, r.error());
              if (self->state.stopping) {
                tell(self->state.parts->admission, release_slot{*r});
                return void(promise.deliver(stopping()));
              }
              waiting->held = *r;
              create_now(self, *waiting, promise);
            });
  return promise;
}

/// A supervisor ends by itself once its container is removed; any other end is a failure of ours.
void on_down(self_pointer self, const caf::down_msg& down) {
  auto found = self->state.supervised.find(down.source);
  if (found == self->state.supervised.end()) return;
  auto gone = std::move(found->second);
  self->state.supervised.erase(found);
  if (self->state.stopping || !down.reason || down.reason == caf::exit_reason::normal) return;
  spdlog::error("the supervisor of container {} failed ({}); it is made anew", to_string(gone.name),
                caf::to_string(down.reason));
  caf::anon_send_exit(gone.sandbox, caf::exit_reason::user_shutdown);
  engine_steps::revive(self, gone.name);
}

caf::result<activity> count_activity(self_pointer self) {
  auto promise = self->make_response_promise<activity>();
  ask<container_table_ptr>(self, self->state.parts->catalog, deadline::inner, list_containers{docker_namespace},
                           [promise](const result<container_table_ptr>& r) mutable {
                             if (!r) return refuse(promise, r.error());
                             activity busy;
                             for (const auto& row : (*r)->rows) {
                               auto now_is = row->state.now;
                               busy.containers_running += now_is == phase::running || now_is == phase::paused ||
                                                          now_is == phase::restarting || now_is == phase::starting;
                             }
                             promise.deliver(busy);
                           });
  return promise;
}

engine_actors actors_of(const engine_supervisor_state& state) {
  const auto& p = *state.parts;
  engine_actors actors;
  actors.catalog = p.catalog;
  actors.images = p.images;
  actors.volumes = p.volumes;
  actors.events = p.events;
  actors.pods = state.crew.pods;
  actors.files = state.crew.files;
  actors.writable_usage = state.crew.writable_usage;
  actors.archives = state.crew.archives;
  actors.network = p.network;
  actors.devices = p.devices;
  actors.boards = p.boards;
  actors.transfer = state.crew.transfer;
  actors.metered = {p.catalog, p.images, p.events, p.admission};
  if (state.crew.transfer) actors.metered.emplace_back(state.crew.transfer);
  actors.metered.insert(actors.metered.end(), p.launchers.begin(), p.launchers.end());
  return actors;
}

} // namespace

engine_actor::behavior_type engine_supervisor(self_pointer self, std::shared_ptr<const engine_parts> parts,
                                              engine_crew crew) {
  self->state.parts = std::move(parts);
  self->state.crew = std::move(crew);
  self->set_down_handler([self](const caf::down_msg& down) { on_down(self, down); });
  return {
      [self](create_container& request) { return create(self, request); },
      [self](const explain_spec& request) { return engine_steps::explain(self, request); },
      [self](const ask_engine_info&) { return engine_steps::describe(*self->state.parts->config); },
      [self](const ask_activity&) { return count_activity(self); },
      [self](const ask_actors&) { return actors_of(self->state); },
      [self](const recover_engine& found) { return engine_steps::recover(self, found); },
      [self](const stop_engine&) { return engine_steps::stop(self); },
      [self](const forget_documents&) { forget_old_documents(self); },
  };
}

} // namespace gantry
