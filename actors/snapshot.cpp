#include "actors/snapshot.hpp"

#include <spdlog/spdlog.h>

#include "runtime/sys/files.hpp"
#include "runtime/sys/thread_name.hpp"
#include "store/layer/extract.hpp"
#include "store/snapshot/snapshots.hpp"

namespace gantry {
namespace {

using self_pointer = snapshot_steps::self_pointer;

constexpr unix_nanos creation_time_limit = 600'000'000'000; // a creation is recorded or undone long before that

// -- layers ----------------------------------------------------------------------------------------------------------

void answer_claim(self_pointer self, const claim_layer& request, caf::typed_response_promise<layer_claim> promise) {
  auto& state = self->state;
  auto& held = state.leases[request.lease];
  held.blobs.insert(request.blob);
  for (const auto& id : {request.diff_id, request.chain_id})
    if (auto found = state.layers.find(id); found != state.layers.end()) {
      held.folders.insert(found->second.folder);
      promise.deliver(layer_claim{found->second, true, state.parts.blobs->has(request.blob)});
      return;
    }
  auto [claim, added] = state.claims.try_emplace(request.diff_id);
  if (!added) {
    claim->second.waiting.emplace_back(request, promise);
    return;
  }
  claim->second.lease = request.lease;
  auto number = state.parts.layer_numbers->next();
  if (!number) {
    state.claims.erase(claim);
    return refuse(promise, number.error());
  }
  held.folders.insert(*number);
  promise.deliver(layer_claim{{request.diff_id, false, *number, 0}});
}

/// Whoever waited for this layer asks again: it is there now, or the first of them makes it.
void end_claim(self_pointer self, const digest& diff_id) {
  auto found = self->state.claims.find(diff_id);
  if (found == self->state.claims.end()) return;
  auto waiting = std::move(found->second.waiting);
  self->state.claims.erase(found);
  for (auto& [request, promise] : waiting) answer_claim(self, request, promise);
}

caf::result<done> record_layer(self_pointer self, const commit_layer& request) {
  store::layer_record record;
  record.folder = request.layer.folder;
  record.id = request.layer.id;
  record.bytes = request.layer.bytes;
  auto promise = self->make_response_promise<done>();
  record_changes changes{{store::put_layer{record}}, true};
  ask<done>(self, self->state.parts.metadata, deadline::inner, std::move(changes),
            [self, promise, request](result<done> r) mutable {
              if (r) self->state.layers[request.layer.id] = request.layer;
              end_claim(self, request.diff_id);
              deliver(promise, std::move(r));
            });
  return promise;
}

void release(self_pointer self, const std::string& lease) {
  self->state.leases.erase(lease);
  std::vector<digest> unfinished;
  for (const auto& [id, claim] : self->state.claims)
    if (claim.lease == lease) unfinished.push_back(id);
  for (const auto& id : unfinished) end_claim(self, id);
}

result<void> keep(snapshot_state& state, const keep_documents& request) {
  auto& held = state.leases[request.lease];
  for (const auto& [content, bytes] : request.documents) {
    held.blobs.insert(content);
    GANTRY_TRY(state.parts.blobs->put(bytes, content));
  }
  return {};
}

// -- writable layers --------------------------------------------------------------------------------------------------

result<prepared_snapshot> prepare(snapshot_state& state, const prepare_snapshot& request) {
  GANTRY_LET(auto number, state.parts.snapshot_numbers->next());
  const auto& layers = request.layers;
  auto top = layers.empty() ? std::nullopt : std::optional(layers.back());
  GANTRY_TRY(store::prepare_snapshot(state.parts.paths, number, top));
  store::parent_view parents;
  for (auto it = layers.rbegin(); it != layers.rend(); ++it)
    parents.folders.push_back(state.parts.paths.layer_path(*it));
  GANTRY_TRY(store::inherit_root(state.parts.paths.snapshot_upper(number), parents));
  auto at = std::chrono::system_clock::now().time_since_epoch();
  state.prepared[number] = std::chrono::duration_cast<std::chrono::nanoseconds>(at).count() + creation_time_limit;
  return prepared_snapshot{number};
}

/// Hands a folder that was renamed away to the reaper; nobody waits for the rest.
void reap(snapshot_state& state, const std::string& path) {
  if (!path.empty()) tell(state.parts.reaper, delete_tree{path});
}

result<void> take_away(snapshot_state& state, std::uint64_t number) {
  state.prepared.erase(number);
  GANTRY_LET(auto gone, store::retire_snapshot(state.parts.paths, number));
  reap(state, gone);
  return {};
}

result<void> take_folder_away(snapshot_state& state, const key& container) {
  GANTRY_LET(auto gone, store::retire_folder(state.parts.paths.container_dir(container)));
  reap(state, gone);
  return {};
}

/// Now, or after the sweep that is under way.
void when_swept(self_pointer self, std::function<void()> action) {
  if (self->state.sweeping)
    self->state.after_sweep.push_back(std::move(action));
  else
    action();
}

} // namespace

snapshot_actor::behavior_type snapshot(self_pointer self, snapshot_parts parts, std::vector<layer_folder> layers) {
  sys::name_thread("snapshot");
  self->state.parts = std::move(parts);
  for (auto& layer : layers) self->state.layers.emplace(layer.id, layer);
  return {
      [self](const claim_layer& request) -> caf::result<layer_claim> {
        auto promise = self->make_response_promise<layer_claim>();
        when_swept(self, [self, request, promise] { answer_claim(self, request, promise); });
        return promise;
      },
      [self](const commit_layer& request) { return record_layer(self, request); },
      [self](const keep_documents& request) -> caf::result<done> {
        auto promise = self->make_response_promise<done>();
        when_swept(self, [self, request, promise]() mutable {
          auto kept = keep(self->state, request);
          if (!kept) return refuse(promise, kept.error());
          promise.deliver(done{});
        });
        return promise;
      },
      [self](const hold_blobs& request) -> caf::result<done> {
        auto promise = self->make_response_promise<done>();
        when_swept(self, [self, request, promise]() mutable {
          self->state.leases[request.lease].blobs.insert(request.blobs.begin(), request.blobs.end());
          promise.deliver(done{});
        });
        return promise;
      },
      [self](const release_lease& request) { release(self, request.lease); },
      [self](const prepare_snapshot& request) { return to_caf(prepare(self->state, request)); },
      [self](const remove_snapshot& request) { return to_caf(take_away(self->state, request.snapshot)); },
      [self](const sweep_content&) { return snapshot_steps::sweep(self); },
      [self](const remove_container_folder& request) {
        return to_caf(take_folder_away(self->state, request.container));
      },
  };
}

reaper_actor::behavior_type reaper(reaper_actor::pointer) {
  sys::name_thread("reaper");
  return {[](const delete_tree& request) -> caf::result<done> {
    auto removed = sys::remove_tree(request.path);
    if (!removed)
      spdlog::error("could not delete {}; the next start tries again: {}", request.path, removed.error().message);
    return to_caf(removed);
  }};
}

} // namespace gantry
