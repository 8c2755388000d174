#include "actors/metadata.hpp"

#include <iterator>

#include <spdlog/spdlog.h>

#include "runtime/sys/thread_name.hpp"

namespace gantry {
namespace {

using self_pointer = metadata_actor::stateful_pointer<metadata_state>;

constexpr std::uint64_t checkpoint_above = 8u << 20; // bytes of WAL

void answer(metadata_state::request& request, const std::vector<result<void>>& outcomes) {
  for (std::size_t i = request.first; i < request.first + request.count; ++i)
    if (!outcomes[i]) return refuse(request.promise, outcomes[i].error());
  request.promise.deliver(done{});
}

void commit(self_pointer self) {
  auto& state = self->state;
  if (state.requests.empty()) return;
  auto how = std::exchange(state.synced, false) ? sys::durability::synced : sys::durability::cached;
  auto changes = std::exchange(state.changes, {});
  auto requests = std::exchange(state.requests, {});
  auto outcomes = state.database->apply(changes, how);
  for (auto& request : requests) {
    if (outcomes)
      answer(request, *outcomes);
    else
      request.promise.deliver(to_caf(outcomes.error()));
  }
  if (state.database->log_bytes() < checkpoint_above) return;
  if (auto moved = state.database->checkpoint(); !moved) spdlog::warn("records: checkpoint: {}", moved.error().message);
}

} // namespace

metadata_actor::behavior_type metadata(self_pointer self, std::shared_ptr<store::database> database) {
  sys::name_thread("metadata");
  self->state.database = std::move(database);
  return {
      [self](record_changes& request) -> caf::result<done> {
        auto& state = self->state;
        auto promise = self->make_response_promise<done>();
        // Behind whatever is in the mailbox now: all of that joins this transaction.
        if (state.requests.empty()) tell(caf::actor_cast<metadata_actor>(self), commit_now{});
        state.requests.push_back({state.changes.size(), request.changes.size(), promise});
        std::move(request.changes.begin(), request.changes.end(), std::back_inserter(state.changes));
        state.synced = state.synced || request.synced;
        if (state.requests.size() >= max_group) commit(self);
        return promise;
      },
      [self](const load_records&) -> caf::result<all_records> {
        commit(self); // what was asked before is in it
        auto records = self->state.database->load_all();
        if (!records) return to_caf(records.error());
        return std::make_shared<const store::everything>(std::move(*records));
      },
      [self](const commit_now&) { commit(self); },
  };
}

} // namespace gantry
