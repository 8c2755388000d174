#include <spdlog/spdlog.h>

#include "actors/snapshot.hpp"
#include "store/sweep.hpp"

namespace gantry::snapshot_steps {
namespace {

/// A sweep under way: the folders were listed first, so that what is made meanwhile is not among them.
struct sweep_work {
  store::folders listed;
  store::garbage garbage;
  swept_content answer;
  caf::typed_response_promise<swept_content> promise;
};
using sweep_ptr = std::shared_ptr<sweep_work>;

std::vector<store::lease> live_leases(const snapshot_state& state) {
  std::vector<store::lease> live;
  for (const auto& [id, held] : state.leases) {
    for (auto folder : held.folders) live.push_back({id, store::lease::kind::layer, std::to_string(folder), 0});
    for (const auto& blob : held.blobs) live.push_back({id, store::lease::kind::blob, blob.str(), 0});
  }
  for (auto [number, until] : state.prepared)
    live.push_back({"creation", store::lease::kind::snapshot, std::to_string(number), until});
  return live;
}

void end(self_pointer self, const sweep_ptr& work, const result<void>& outcome) {
  self->state.sweeping = false;
  if (outcome)
    work->promise.deliver(std::move(work->answer));
  else
    refuse(work->promise, outcome.error());
  auto waiting = std::exchange(self->state.after_sweep, {});
  for (auto& action : waiting) action();
}

void forget_layers(snapshot_state& state, sweep_work& work) {
  std::set<std::uint64_t> gone;
  for (const auto& layer : work.garbage.layers) gone.insert(layer.number);
  std::erase_if(state.layers, [&](const auto& entry) {
    if (!gone.contains(entry.second.folder)) return false;
    work.answer.layers.push_back(entry.first);
    work.answer.bytes += entry.second.bytes;
    return true;
  });
}

void remove(self_pointer self, const sweep_ptr& work) {
  forget_layers(self->state, *work);
  auto swept = store::remove_garbage(self->state.parts.paths, work->garbage);
  for (const auto& failure : swept.failures) spdlog::error("sweep: {}; the next sweep tries again", failure.message);
  end(self, work, {});
}

void erase_records(self_pointer self, const sweep_ptr& work, const store::everything& records) {
  auto& state = self->state;
  auto at = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch());
  std::erase_if(state.prepared, [&](const auto& entry) { return entry.second < at.count(); });
  auto live = live_leases(state);
  work->garbage = store::unreachable(records, work->listed, live, at.count());
  if (!work->garbage.withheld.empty()) spdlog::error("sweep: {}", work->garbage.withheld);
  record_changes changes{work->garbage.records, true};
  ask<done>(self, state.parts.metadata, deadline::inner, std::move(changes), [self, work](const result<done>& r) {
    if (!r) return end(self, work, tl::unexpected<error>(r.error()));
    remove(self, work);
  });
}

} // namespace

caf::result<swept_content> sweep(self_pointer self) {
  auto& state = self->state;
  auto promise = self->make_response_promise<swept_content>();
  if (state.sweeping) { // another one right after it: what has become garbage meanwhile is its to take
    state.after_sweep.push_back([self, promise]() mutable {
      ask<swept_content>(self, caf::actor_cast<snapshot_actor>(self), deadline::inner, sweep_content{},
                         [promise](result<swept_content> r) mutable { deliver(promise, std::move(r)); });
    });
    return promise;
  }
  auto listed = store::list_folders(state.parts.paths);
  if (!listed) return to_caf(listed.error());
  state.sweeping = true;
  auto work = std::make_shared<sweep_work>();
  work->listed = std::move(*listed);
  work->promise = promise;
  ask<all_records>(self, state.parts.metadata, deadline::inner, load_records{}, [self, work](result<all_records> r) {
    if (!r) return end(self, work, tl::unexpected<error>(r.error()));
    erase_records(self, work, **r);
  });
  return promise;
}

} // namespace gantry::snapshot_steps
