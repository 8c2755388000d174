#include "actors/puller.hpp"

#include "actors/engine_parts.hpp"

namespace gantry {
namespace pulling {
namespace {

const char* name_of(layer_progress::step step) {
  switch (step) {
  case layer_progress::step::waiting:
    return "waiting";
  case layer_progress::step::downloading:
    return "downloading";
  case layer_progress::step::extracting:
    return "extracting";
  case layer_progress::step::done:
    return "done";
  case layer_progress::step::exists:
    return "exists";
  case layer_progress::step::pushing:
  case layer_progress::step::pushed:
  case layer_progress::step::mounted:
    break; // of pushes
  }
  return "waiting";
}

void end(self_pointer self) {
  auto& state = self->state;
  state.ended = true;
  tell(state.parts.transfer, cancel_group{state.request.pull_id});
  tell(state.parts.snapshot, release_lease{state.request.pull_id});
  self->quit();
}

void publish(self_pointer self, const puller_state::layer& layer, std::uint64_t current) {
  auto& state = self->state;
  for (const auto& listener : state.listeners)
    tell(state.parts.events, event{state.request.ns,
                                   event::subject::pull,
                                   name_of(layer.step),
                                   listener,
                                   {{"layer", layer.blob.content.str()},
                                    {"current", std::to_string(current)},
                                    {"total", std::to_string(layer.blob.size)}},
                                   now()});
}

void publish_changes(self_pointer self, const transfer_progress& progress) {
  auto& state = self->state;
  std::map<digest, std::uint64_t> bytes(progress.bytes.begin(), progress.bytes.end());
  for (std::size_t i = 0; i < state.layers.size(); ++i) {
    auto& layer = state.layers[i];
    auto arrived = bytes.contains(layer.blob.content) ? bytes[layer.blob.content] : 0;
    if (layer.step == layer_progress::step::downloading && arrived >= layer.blob.size)
      layer.step = layer_progress::step::extracting;
    std::pair now_is{layer.step, arrived};
    auto [last, first_time] = state.reported.try_emplace(i, now_is);
    if (!first_time && last->second == now_is) continue;
    last->second = now_is;
    publish(self, layer, arrived);
  }
}

} // namespace

void report(self_pointer self) {
  ask<transfer_progress>(self, self->state.parts.transfer, deadline::inner, ask_progress{self->state.request.pull_id},
                         [self](const result<transfer_progress>& r) {
                           if (r) publish_changes(self, *r);
                         });
}

void fail_with(self_pointer self, error why) {
  auto& state = self->state;
  if (state.ended) return;
  refuse(state.promise, why);
  end(self);
}

void finish(self_pointer self, pulled_image done) {
  if (self->state.ended) return;
  publish_changes(self, {});
  // Progress goes its own way and may come later than the answer, which says it again.
  for (const auto& layer : self->state.layers)
    done.layers.push_back({layer.blob.content, layer.step, layer.blob.size, layer.blob.size});
  self->state.promise.deliver(std::move(done));
  end(self);
}

} // namespace pulling

namespace {

constexpr std::chrono::milliseconds progress_interval{100};

using first_step = void (*)(pulling::self_pointer);

caf::result<pulled_image> begin(pulling::self_pointer self, const pull_image& request, first_step first) {
  auto& state = self->state;
  state.request = request;
  state.listeners.insert(request.pull_id);
  state.promise = self->make_response_promise<pulled_image>();
  acquire_slot slot_request{work_kind::pull, request.client, self->address()}; // freed by this actor's end
  // No deadline: whoever holds the places makes progress or is ended by its own stall.
  self->request(state.parts.admission, caf::infinite, slot_request)
      .then([self, first](const slot&) { first(self); },
            [self](const caf::error& e) { pulling::fail_with(self, from_caf(e)); });
  self->delayed_send(self, progress_interval, report_progress{});
  return state.promise;
}

/// Nothing is left to fetch: what the layers' blobs hold is read where they are.
caf::result<pulled_image> unpack(pulling::self_pointer self, unpack_image& request) {
  auto& state = self->state;
  auto parsed = parse_manifest(request.manifest_document.bytes, request.manifest_document.content_type);
  if (!parsed) return to_caf(parsed.error());
  if (!std::holds_alternative<manifest>(*parsed))
    return to_caf(error{errc::invalid_argument, "an index is not an image that can be unpacked", 0});
  state.parsed = std::get<manifest>(std::move(*parsed));
  state.top = std::move(request.top);
  state.manifest_document = std::move(request.manifest_document);
  state.config_document = std::move(request.config);
  state.names = std::move(request.names);
  state.event = std::move(request.event);
  state.parent = std::move(request.parent);
  // What messages call an image without a name, as docker shows it.
  static const reference nameless{"docker.io", "library/<none>", "<none>", {}};
  pull_image about{request.ns,    state.names.empty() ? nameless : state.names.front(), {}, {}, request.pull_id,
                   request.client};
  return begin(self, about, pulling::lay_out);
}

} // namespace

puller_actor::behavior_type puller(pulling::self_pointer self, puller_parts parts) {
  self->state.parts = std::move(parts);
  return {
      [self](const pull_image& request) {
        self->state.names = {request.name};
        return begin(self, request, pulling::resolve);
      },
      [self](unpack_image& request) { return unpack(self, request); },
      [self](const join_pull& request) {
        self->state.listeners.insert(request.pull_id);
        self->state.reported.clear(); // the new one hears of every layer
      },
      [self](const report_progress&) {
        pulling::report(self);
        pulling::look_again(self);
        self->delayed_send(self, progress_interval, report_progress{});
      },
      [self](const cancel_pull&) {
        pulling::fail_with(self, {errc::cancelled, "nobody waits for this pull any more", 0});
      },
  };
}

} // namespace gantry
