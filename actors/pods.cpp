#include "actors/pods.hpp"

#include <algorithm>

#include <spdlog/spdlog.h>

#include "actors/cgroup_paths.hpp"
#include "actors/pod_supervisor.hpp"
#include "actors/random_id.hpp"
#include "actors/sandbox_of.hpp"

namespace gantry {
namespace {

/// A namespace's table is not true any more.
void drop_pod_table(pods_state& state, const std::string& ns) {
  state.tables.erase(ns);
  if (ns == pods_namespace) state.parts->boards->pods.withdraw();
}

} // namespace

namespace pods_steps {

pods_state::entry& add(self_pointer self, const pod_record& record) {
  auto& state = self->state;
  pods_state::entry one;
  one.supervisor = self->spawn(pod_supervisor, state.parts, caf::actor_cast<pods_actor>(self));
  one.view = std::make_shared<const pod_record>(record);
  self->monitor(one.supervisor);
  state.by_metadata[{record.name.ns, record.options.metadata}] = record.name;
  drop_pod_table(state, record.name.ns);
  return state.pods[record.name] = std::move(one);
}

} // namespace pods_steps

namespace {

using pods_steps::self_pointer;
using entry = pods_state::entry;

error no_such(const std::string& id) { return {errc::not_found, "No such pod: " + id, 0}; }

result<entry*> find(pods_state& state, const std::string& ns, const std::string& id) {
  auto first = state.pods.lower_bound(key{ns, id});
  auto fits = [&](auto it) { return it != state.pods.end() && it->first.ns == ns && it->first.id.starts_with(id); };
  if (id.empty() || !fits(first)) return tl::unexpected<error>(no_such(id));
  if (first->first.id != id && fits(std::next(first)))
    return fail(errc::invalid_argument, "Multiple IDs found with provided prefix: {}", id);
  return &first->second;
}

/// To those who listen to the CRI's events a pod's sandbox is the first of its containers.
void emit(const pods_state& state, const key& name, const char* action) {
  tell(state.parts->events, event{name.ns, event::subject::container, action, name.id, {{"sandbox", "true"}}, now()});
}

/// One that was never listed has not been, for those who listen.
void tell_change(const pods_state& state, const key& name, pod_phase before, pod_phase after) {
  if (before == after) return;
  if (before == pod_phase::starting) emit(state, name, "create");
  if (after == pod_phase::ready) emit(state, name, "start");
  if (before == pod_phase::ready) emit(state, name, "die");
}

void erase(pods_state& state, const key& name) {
  auto found = state.pods.find(name);
  if (found == state.pods.end()) return;
  if (found->second.view->now != pod_phase::starting) emit(state, name, "destroy");
  state.by_metadata.erase({name.ns, found->second.view->options.metadata});
  state.pods.erase(found);
  drop_pod_table(state, name.ns);
}

// -- run --------------------------------------------------------------------------------------------------------------

void run_ended(self_pointer self, const key& name, const result<pod_running>& r,
               std::vector<caf::typed_response_promise<pod_running>>& waiting) {
  if (auto found = self->state.pods.find(name); found != self->state.pods.end()) found->second.waiting.reset();
  for (auto& promise : waiting) deliver(promise, r);
}

caf::result<pod_running> make(self_pointer self, const run_pod& request) {
  auto& state = self->state;
  if (auto good = check_cgroup_parent(*state.parts->config, request.options.cgroup_parent); !good)
    return to_caf(good.error());
  pod_record record;
  record.name = {request.ns, random_id()};
  record.options = request.options;
  record.monitor = monitor_for(record.name, state.parts->launchers.size());
  record.created_at = now();
  auto& made = pods_steps::add(self, record);
  auto promise = self->make_response_promise<pod_running>();
  made.waiting = std::make_shared<std::vector<caf::typed_response_promise<pod_running>>>();
  made.waiting->push_back(promise);
  ask<pod_running>(self, made.supervisor, deadline::inner, create_pod{record, request.client},
                   [self, name = record.name, waiting = made.waiting](const result<pod_running>& r) {
                     run_ended(self, name, r, *waiting);
                   });
  return promise;
}

caf::result<pod_running> run(self_pointer self, const run_pod& request) {
  auto& state = self->state;
  auto known = state.by_metadata.find({request.ns, request.options.metadata});
  if (known == state.by_metadata.end()) return make(self, request);
  auto& there = state.pods.at(known->second);
  if (there.waiting) {
    there.waiting->push_back(self->make_response_promise<pod_running>());
    return there.waiting->back();
  }
  if (there.view->now == pod_phase::ready) return pod_running{known->second};
  return to_caf(
      error{errc::already_exists,
            fmt::format("pod {}/{} (attempt {}) is there and not ready: remove {} first", request.options.metadata.ns,
                        request.options.metadata.name, request.options.metadata.attempt, known->second.id),
            0});
}

// -- others -----------------------------------------------------------------------------------------------------------

/// What its supervisor does. One that is not there is done.
template<class Request>
caf::result<done> pass_on(self_pointer self, const Request& request) {
  auto found = find(self->state, request.ns, request.id);
  if (!found && found.error().code == errc::not_found) return done{};
  if (!found) return to_caf(found.error());
  return self->delegate((*found)->supervisor, request);
}

pod_table_ptr table_of(pods_state& state, const std::string& ns) {
  auto& table = state.tables[ns];
  if (table) return table;
  auto made = std::make_shared<pod_table>();
  for (auto it = state.pods.lower_bound({ns, ""}); it != state.pods.end() && it->first.ns == ns; ++it)
    made->by_id.push_back(it->second.view);
  made->rows = made->by_id;
  std::sort(made->rows.begin(), made->rows.end(),
            [](const auto& a, const auto& b) { return a->created_at > b->created_at; });
  table = made;
  if (ns == pods_namespace) state.parts->boards->pods.show(table);
  return table;
}

void change(pods_state& state, const pod_view& view) {
  auto found = state.pods.find(view->name);
  if (found == state.pods.end()) return;
  const auto before = std::exchange(found->second.view, view);
  drop_pod_table(state, view->name.ns);
  tell_change(state, view->name, before->now, view->now);
}

/// A supervisor ends by itself once its pod is gone; any other end is a failure of ours.
void handle_down(self_pointer self, const caf::down_msg& down) {
  auto& state = self->state;
  auto found = std::find_if(state.pods.begin(), state.pods.end(),
                            [&](const auto& one) { return one.second.supervisor.address() == down.source; });
  if (found == state.pods.end()) return;
  auto name = found->first;
  if (!down.reason || down.reason == caf::exit_reason::normal) return erase(state, name);
  spdlog::error("the supervisor of pod {} failed ({}); it is made anew", to_string(name), caf::to_string(down.reason));
  pods_steps::revive(self, name);
}

void lose_monitor(const pods_state& state, std::uint32_t monitor) {
  for (const auto& [name, one] : state.pods)
    if (one.view->monitor == monitor) tell(one.supervisor, namespaces_lost{});
}

} // namespace

pods_state::~pods_state() {
  for (const auto& [id, one] : pods) caf::anon_send_exit(one.supervisor, caf::exit_reason::user_shutdown);
}

pods_actor::behavior_type pods(self_pointer self, std::shared_ptr<const engine_parts> parts) {
  self->state.parts = std::move(parts);
  self->set_down_handler([self](const caf::down_msg& down) { handle_down(self, down); });
  for (const auto& launcher : self->state.parts->launchers)
    tell(launcher, watch_monitor{caf::actor_cast<pods_actor>(self)});
  return {
      [self](const run_pod& request) { return run(self, request); },
      [self](const stop_pod& request) { return pass_on(self, request); },
      [self](const remove_pod& request) { return pass_on(self, request); },
      [self](const create_pod_container& request) -> caf::result<created> {
        auto found = self->state.pods.find(request.options.in_pod.pod);
        if (found == self->state.pods.end()) return to_caf(no_such(request.options.in_pod.pod.id));
        return self->delegate(found->second.supervisor, request);
      },
      [self](const list_pods& request) { return table_of(self->state, request.ns); },
      [self](const find_pod& request) -> caf::result<pod_view> {
        auto found = find(self->state, request.ns, request.id);
        if (!found) return to_caf(found.error());
        return (*found)->view;
      },
      [self](const update_pod& request) -> caf::result<done> {
        auto found = find(self->state, request.ns, request.id);
        if (!found) return to_caf(found.error());
        return self->delegate((*found)->supervisor, request);
      },
      [self](const ask_pod_network& request) -> caf::result<pod_network_state> {
        return self->delegate(self->state.parts->pod_network, request);
      },
      [self](const ask_pod_users&) { return pods_steps::find_users(self); },
      [self](const pod_changed& fact) {
        change(self->state, fact.view);
        self->state.parts->boards->pods.took();
      },
      [self](const pod_gone& fact) {
        erase(self->state, fact.name);
        self->state.parts->boards->pods.took();
      },
      [self](const recover_pods& found) { return pods_steps::recover(self, found); },
      [self](const monitor_died& fact) { lose_monitor(self->state, fact.monitor); },
  };
}

} // namespace gantry
