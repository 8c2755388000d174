#include <spdlog/spdlog.h>

#include "actors/container_supervisor.hpp"
#include "actors/engine_supervisor.hpp"
#include "actors/sandbox_of.hpp"

namespace gantry::engine_steps {
namespace {

/// A container whose runtime or disk hangs delays the others no longer than this.
constexpr std::chrono::seconds one_container{30};
/// A monitor lists thousands of containers, maybe on a host that has just come up.
constexpr std::chrono::seconds one_monitor{30};

/// A recovery under way.
struct recovery {
  recover_engine found;
  std::map<key, monitor::container_entry> truth; ///< of all monitors
  std::map<key, std::uint32_t> holder;           ///< which monitor has it
  std::map<key, std::uint32_t> pods;             ///< which monitor holds its namespaces
  std::size_t open = 0;
  caf::typed_response_promise<done> promise;
  std::function<void()> at_end = [] {};
};
using recovery_ptr = std::shared_ptr<recovery>;

sandbox_record sandbox_for(const recover_engine& found, const container_record& record) {
  for (const auto& sandbox : found.sandboxes)
    if (sandbox.name == record.sandbox) return sandbox;
  return sandbox_of(record);
}

void one_done(const recovery_ptr& work) {
  if (--work->open != 0) return;
  work->at_end();
  work->promise.deliver(done{});
}

std::optional<monitor::container_entry> truth_of(const recovery& work, const key& name) {
  auto found = work.truth.find(name);
  return found == work.truth.end() ? std::nullopt : std::optional(found->second);
}

/// The sandbox first: what a crash left of its network is gone before its container may start again.
void recover_one(self_pointer self, const recovery_ptr& work, const container_record& record) {
  ++work->open;
  auto made = spawn_pair(self, record.name);
  const auto& parts = *self->state.parts;
  auto view = std::make_shared<const container_record>(record);
  parts.tell_catalog(restore_container{view, made.container, made.sandbox});
  tell(parts.volumes, recover_mounts{record.name, record.mounts});
  auto truth = truth_of(*work, record.name);
  recover_sandbox sandbox{{sandbox_for(work->found, record), record.options, made.container}, 0};
  if (truth && !truth->exited) sandbox.pid = truth->pid;
  if (!truth && record.state.now == phase::running) sandbox.pid = record.state.pid;
  ask<done>(self, made.sandbox, one_container, std::move(sandbox), [self, work, made, record, truth](const auto& r) {
    if (!r) spdlog::error("sandbox {}: {}", to_string(record.name), r.error().message);
    ask<done>(self, made.container, one_container, recover_container{record, truth}, [work, record](const auto& c) {
      if (!c) spdlog::error("container {}: {}", to_string(record.name), c.error().message);
      one_done(work);
    });
  });
}

std::set<key> known_pods(const recover_engine& found) {
  std::set<key> known;
  for (const auto& pod : found.pods) known.insert(pod.name);
  return known;
}

/// Pods take their containers back themselves.
void recover_pods_of(self_pointer self, const recovery_ptr& work) {
  if (work->found.pods.empty()) return;
  auto known = known_pods(work->found);
  recover_pods request{work->found.pods, {}, {}};
  for (const auto& record : work->found.containers)
    if (known.contains(record.sandbox)) request.containers.push_back({record, truth_of(*work, record.name)});
  for (const auto& [name, monitor] : work->pods) request.held.push_back(name);
  ++work->open;
  ask<done>(self, self->state.crew.pods, deadline::inner, std::move(request), [work](const auto& r) {
    if (!r) spdlog::error("pods: {}", r.error().message);
    one_done(work);
  });
}

/// Namespaces of a pod, or of a container that shares its own, that no record knows.
void drop_unknown(self_pointer self, const recovery& work) {
  auto known = known_pods(work.found);
  for (const auto& record : work.found.containers) known.insert(record.sandbox);
  for (const auto& [name, monitor] : work.pods)
    if (!known.contains(name)) tell(self->state.parts->launcher(monitor), monitor::drop_pod_namespaces{name});
}

/// What a monitor has and no record knows: a creation that the crash cut short, or a removal that it nearly ended.
void delete_unknown(self_pointer self, const recovery& work) {
  const auto& parts = *self->state.parts;
  std::set<key> known;
  for (const auto& record : work.found.containers) known.insert(record.name);
  for (const auto& [name, monitor] : work.holder) {
    if (known.contains(name)) continue;
    spdlog::warn("container {} has no record: it is deleted", to_string(name));
    container_record stand_in;
    stand_in.name = name;
    auto runtime = container::runtime_of(*parts.config, stand_in);
    tell(parts.launcher(monitor), monitor::delete_container{name, runtime ? *runtime : monitor::runtime_command{},
                                                            container::bundle_of(*parts.config, name)});
    tell(parts.launcher(monitor), monitor::drop_network_namespace{name});
  }
}

void recover_all(self_pointer self, const recovery_ptr& work) {
  delete_unknown(self, *work);
  drop_unknown(self, *work);
  ++work->open; // so that answers that come early do not end it
  recover_pods_of(self, work);
  auto pods = known_pods(work->found);
  for (const auto& record : work->found.containers)
    if (!pods.contains(record.sandbox)) recover_one(self, work, record);
  one_done(work);
}

/// Asks every monitor what it has.
void gather(self_pointer self, const recovery_ptr& work, std::function<void()> then) {
  const auto& launchers = self->state.parts->launchers;
  auto open = std::make_shared<std::size_t>(launchers.size());
  for (std::uint32_t i = 0; i < launchers.size(); ++i)
    ask<monitor::container_list>(self, launchers[i], one_monitor, monitor::list_containers{},
                                 [work, i, open, then](const result<monitor::container_list>& r) {
                                   if (!r) spdlog::error("monitor {}: {}", i, r.error().message);
                                   for (const auto& entry :
                                        r ? r->containers : std::vector<monitor::container_entry>{}) {
                                     work->truth[entry.container] = entry;
                                     work->holder[entry.container] = i;
                                   }
                                   for (const auto& name : r ? r->pods : std::vector<key>{}) work->pods[name] = i;
                                   if (--*open == 0) then();
                                 });
}

} // namespace

caf::result<done> recover(self_pointer self, const recover_engine& found) {
  auto work = std::make_shared<recovery>();
  work->found = found;
  work->promise = self->make_response_promise<done>();
  work->at_end = [network = self->state.parts->network] { tell(network, endpoints_recovered{}); };
  gather(self, work, [self, work] { recover_all(self, work); });
  return work->promise;
}

void revive(self_pointer self, const key& name) {
  find_container request{name.ns, name.id};
  ask<found_container>(self, self->state.parts->catalog, deadline::inner, std::move(request),
                       [self](const result<found_container>& r) {
                         if (!r) return;
                         if (!r->view) return container::undo_creation(*self->state.parts, r->name);
                         auto work = std::make_shared<recovery>();
                         work->found.containers.push_back(*r->view);
                         gather(self, work, [self, work] {
                           work->open = 1;
                           recover_one(self, work, work->found.containers.front());
                         });
                       });
}

} // namespace gantry::engine_steps
