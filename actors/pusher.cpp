#include "actors/pusher.hpp"

#include <set>

#include "actors/engine_parts.hpp"

namespace gantry {
namespace {

using self_pointer = pusher_actor::stateful_pointer<pusher_state>;
using step = layer_progress::step;

constexpr std::chrono::milliseconds progress_interval{100};

const char* name_of(step now) {
  switch (now) {
  case step::pushing:
    return "pushing";
  case step::pushed:
    return "pushed";
  case step::mounted:
    return "mounted";
  case step::exists:
    return "exists";
  default:
    return "waiting";
  }
}

step step_of(sent_blob::way how) {
  if (how == sent_blob::way::existed) return step::exists;
  return how == sent_blob::way::mounted ? step::mounted : step::pushed;
}

// -- progress --------------------------------------------------------------------------------------------------------

void publish(self_pointer self, const pusher_state::blob& blob) {
  const auto& request = self->state.work.request;
  tell(self->state.parts.events, event{request.ns,
                                       event::subject::pull,
                                       name_of(blob.step),
                                       request.push_id,
                                       {{"layer", blob.what.content.str()},
                                        {"current", std::to_string(blob.sent)},
                                        {"total", std::to_string(blob.what.size)}},
                                       now()});
}

/// Of the layers alone: docker's client knows of no other blobs.
void publish_changes(self_pointer self, const transfer_progress& progress) {
  auto& state = self->state;
  std::map<digest, std::uint64_t> sent(progress.bytes.begin(), progress.bytes.end());
  for (std::size_t i = 0; i + 1 < state.blobs.size(); ++i) {
    auto& blob = state.blobs[i];
    if (auto found = sent.find(blob.what.content); found != sent.end() && blob.step != step::pushed) {
      blob.sent = found->second;
      if (blob.step == step::waiting) blob.step = step::pushing;
    }
    std::pair now_is{blob.step, blob.sent};
    auto [last, is_new] = state.reported.try_emplace(blob.what.content, now_is);
    if (!is_new && last->second == now_is) continue;
    last->second = now_is;
    publish(self, blob);
  }
}

void report(self_pointer self) {
  ask_progress request{self->state.work.request.push_id};
  ask<transfer_progress>(self, self->state.parts.transfer, deadline::inner, std::move(request),
                         [self](const result<transfer_progress>& r) {
                           if (r && !self->state.ended) publish_changes(self, *r);
                         });
  self->delayed_send(self, progress_interval, report_progress{});
}

// -- the end ---------------------------------------------------------------------------------------------------------

void end(self_pointer self) {
  auto& state = self->state;
  state.ended = true;
  tell(state.parts.transfer, cancel_group{state.work.request.push_id});
  tell(state.parts.snapshot, release_lease{state.work.request.push_id});
  self->quit();
}

void fail_with(self_pointer self, const error& why) {
  if (self->state.ended) return;
  refuse(self->state.promise, why);
  end(self);
}

void finish(self_pointer self) {
  auto& state = self->state;
  const auto& manifest = state.work.what.what->manifest_descriptor;
  pushed_image answer{manifest.content, manifest.size};
  for (std::size_t i = 0; i + 1 < state.blobs.size(); ++i) {
    const auto& blob = state.blobs[i];
    answer.layers.push_back({blob.what.content, blob.step, blob.sent, blob.what.size});
  }
  state.promise.deliver(std::move(answer));
  end(self);
}

// -- what is sent ----------------------------------------------------------------------------------------------------

void push_manifest(self_pointer self) {
  auto& state = self->state;
  const auto& request = state.work.request;
  send_manifest message{request.name, state.work.what.what->manifest_descriptor, request.login, request.push_id};
  ask<done>(self, state.parts.transfer, deadline::without_end, std::move(message), [self](const result<done>& r) {
    if (!r) return fail_with(self, r.error());
    finish(self);
  });
}

void blob_ended(self_pointer self, std::size_t index, const result<sent_blob>& how) {
  auto& state = self->state;
  if (how) {
    state.blobs[index].step = step_of(how->how);
    state.blobs[index].sent = state.blobs[index].what.size;
  } else if (!state.failure) {
    state.failure = how.error();
    tell(state.parts.transfer, cancel_group{state.work.request.push_id}); // the others need not go on
  }
  if (--state.open > 0) return;
  if (state.failure) return fail_with(self, *state.failure);
  push_manifest(self);
}

void push_blobs(self_pointer self) {
  auto& state = self->state;
  const auto& request = state.work.request;
  state.open = state.blobs.size();
  for (std::size_t i = 0; i < state.blobs.size(); ++i) {
    const auto& what = state.blobs[i].what;
    send_blob message{request.name, what, {}, request.login, request.push_id};
    if (auto known = state.work.elsewhere.find(what.content); known != state.work.elsewhere.end())
      message.mount_from = known->second;
    ask<sent_blob>(self, state.parts.transfer, deadline::without_end, std::move(message),
                   [self, i](const result<sent_blob>& how) { blob_ended(self, i, how); });
  }
}

caf::result<pushed_image> begin(self_pointer self, const run_push& work) {
  auto& state = self->state;
  state.work = work;
  state.promise = self->make_response_promise<pushed_image>();
  const auto& image = *work.what.what;
  std::set<digest> seen; // an image may have the same layer several times
  for (const auto& layer : image.layers)
    if (seen.insert(layer.content).second) state.blobs.push_back({layer});
  state.blobs.push_back({{media_type::oci_config, image.id, image.config_json.size(), {}, {}}});
  acquire_slot wanted{work_kind::pull, work.request.client, self->address()}; // freed by this actor's end
  ask<slot>(self, state.parts.admission, deadline::without_end, std::move(wanted), [self](const result<slot>& place) {
    if (self->state.ended) return;
    if (!place) return fail_with(self, place.error());
    push_blobs(self);
  });
  self->delayed_send(self, progress_interval, report_progress{});
  return state.promise;
}

} // namespace

pusher_actor::behavior_type pusher(self_pointer self, pusher_parts parts) {
  self->state.parts = std::move(parts);
  return {
      [self](const run_push& work) { return begin(self, work); },
      [self](const report_progress&) { report(self); },
      [self](const cancel_pull&) {
        fail_with(self, {errc::cancelled, "nobody waits for this push any more", 0});
      },
  };
}

} // namespace gantry
