#include "actors/puller.hpp"

namespace gantry::pulling {
namespace {

using step = layer_progress::step;

void next_dependent(self_pointer self);

/// A layer has been seen to. When all have, those that wait for their parents follow, base first.
void layer_ended(self_pointer self, std::optional<error> why = {}) {
  auto& state = self->state;
  if (why && !state.failure) {
    state.failure = std::move(why);
    tell(state.parts.transfer, cancel_group{state.request.pull_id}); // the other layers need not go on
  }
  if (--state.open > 0) return;
  if (state.failure) return fail_with(self, *state.failure);
  next_dependent(self);
}

void layer_done(self_pointer self, std::size_t index, const layer_folder& folder, step how) {
  auto& state = self->state;
  // The same content may stand several times in an image (an empty layer, say): it was claimed once.
  for (auto& layer : state.layers)
    if (layer.diff_id == state.layers[index].diff_id && (!folder.by_chain || layer.chain_id == folder.id)) {
      layer.folder = folder.folder;
      layer.bytes = folder.bytes;
      layer.step = how;
      layer.done = true;
    }
}

void record(self_pointer self, std::size_t index, const layer_folder& folder) {
  auto& state = self->state;
  commit_layer request{folder, state.layers[index].diff_id, state.request.pull_id};
  ask<done>(self, state.parts.snapshot, deadline::inner, std::move(request), [self, index, folder](result<done> r) {
    if (!r) return layer_ended(self, std::move(r.error()));
    layer_done(self, index, folder, step::done);
    layer_ended(self);
  });
}

void on_extracted(self_pointer self, std::size_t index, layer_folder folder, const layer_extracted& made) {
  auto& layer = self->state.layers[index];
  if (folder.folder == 0) {
    layer.step = step::done;
    return layer_ended(self);
  }
  if (made.needs_parents) {
    layer.needs_parents = true;
    layer.folder = folder.folder; // the number stays ours
    return layer_ended(self);
  }
  folder.bytes = made.bytes;
  folder.by_chain = made.used_parents;
  if (folder.by_chain) folder.id = layer.chain_id;
  record(self, index, folder);
}

extract_layer extraction(const puller_state& state, std::size_t index, std::uint64_t folder) {
  const auto& layer = state.layers[index];
  extract_layer request{
      layer.blob, state.request.name, state.request.login, state.request.pull_id, layer.diff_id, folder, {}, false};
  request.parents_known = layer.needs_parents || index == 0;
  if (layer.needs_parents)
    for (std::size_t below = index; below-- > 0;) request.parents.push_back(state.layers[below].folder);
  return request;
}

/// Waits for a place among the extractors, and has the layer fetched and expanded there. Without a folder's number its
/// blob alone is fetched.
void make(self_pointer self, std::size_t index, const layer_folder& folder) {
  auto& state = self->state;
  acquire_slot request{work_kind::extraction, state.request.client, self->address()};
  // No deadline: whoever holds the places makes progress or is ended by its own stall.
  self->request(state.parts.admission, caf::infinite, request)
      .then(
          [self, index, folder](const slot& place) {
            auto& s = self->state;
            if (s.failure) {
              tell(s.parts.admission, release_slot{place});
              return layer_ended(self);
            }
            s.layers[index].step = step::downloading;
            self->request(s.parts.extractors[place.place], caf::infinite, extraction(s, index, folder.folder))
                .then(
                    [self, index, folder, place](const layer_extracted& made) {
                      tell(self->state.parts.admission, release_slot{place});
                      on_extracted(self, index, folder, made);
                    },
                    [self, index, folder, place](const caf::error& e) {
                      tell(self->state.parts.admission, release_slot{place});
                      auto why = from_caf(e);
                      if (folder.folder == 0 && why.code == errc::already_exists)
                        return self->state.elsewhere.push_back(index);
                      layer_ended(self, std::move(why));
                    });
          },
          [self](const caf::error& e) { layer_ended(self, from_caf(e)); });
}

void claim(self_pointer self, std::size_t index) {
  auto& state = self->state;
  const auto& layer = state.layers[index];
  ++state.open;
  claim_layer request{layer.diff_id, layer.chain_id, layer.blob.content, state.request.pull_id};
  self->request(state.parts.snapshot, caf::infinite, std::move(request)) // another pull may be making it
      .then(
          [self, index](const layer_claim& claimed) {
            if (!claimed.exists) return make(self, index, claimed.layer);
            layer_done(self, index, claimed.layer, step::exists);
            if (!claimed.blob_exists) return make(self, index, {}); // else it could be neither pushed nor saved
            layer_ended(self);
          },
          [self](const caf::error& e) { layer_ended(self, from_caf(e)); });
}

/// The blob of a layer that this image has by another blob too.
void keep_blob(self_pointer self, std::size_t index) {
  auto& state = self->state;
  ++state.open;
  hold_blobs request{{state.layers[index].blob.content}, state.request.pull_id};
  ask<done>(self, state.parts.snapshot, deadline::inner, std::move(request), [self, index](result<done> r) {
    if (!r) return layer_ended(self, std::move(r.error()));
    make(self, index, {});
  });
}

/// The lowest layer that waited for its parents; all below it are there by then.
void next_dependent(self_pointer self) {
  auto& state = self->state;
  for (std::size_t i = 0; i < state.layers.size(); ++i)
    if (!state.layers[i].done) {
      ++state.open;
      return make(self, i, {state.layers[i].diff_id, true, state.layers[i].folder, 0});
    }
  commit(self);
}

} // namespace

void look_again(self_pointer self) {
  for (auto index : std::exchange(self->state.elsewhere, {})) {
    keep_blob(self, index);
    layer_ended(self);
  }
}

void fetch_layers(self_pointer self) {
  auto& state = self->state;
  std::set<digest> layers, blobs;
  ++state.open; // so that answers that come early do not end the step
  for (std::size_t i = 0; i < state.layers.size(); ++i) {
    bool new_layer = layers.insert(state.layers[i].diff_id).second;
    bool new_blob = blobs.insert(state.layers[i].blob.content).second;
    if (new_layer)
      claim(self, i);
    else if (new_blob)
      keep_blob(self, i);
  }
  layer_ended(self);
}

} // namespace gantry::pulling
