#include <ctime>

#include "actors/puller.hpp"

namespace gantry::pulling {
namespace {

image image_of(const puller_state& state) {
  image made;
  made.id = state.parsed.config.content;
  made.manifest_descriptor = {
      state.parsed.media_type, state.manifest_document.content, state.manifest_document.bytes.size(), {}, {}};
  made.layers = state.parsed.layers;
  for (const auto& layer : state.layers) {
    made.layer_folders.push_back(layer.folder);
    made.unpacked_bytes += layer.bytes;
  }
  made.config = state.config;
  made.config_json = state.config_document.bytes;
  made.pulled_at = std::time(nullptr);
  made.parent = state.parent;
  return made;
}

/// With a tag, the tag names it; a pull by digest alone is known by that.
std::vector<image_name> names_of(const puller_state& state) {
  std::vector<image_name> names;
  for (auto name : state.names) {
    if (!name.tag.empty()) name.content = {};
    names.push_back({state.request.ns, std::move(name), state.parsed.config.content, state.top.content});
  }
  return names;
}

void announce(self_pointer self, image_pulled fact) {
  ask<pulled_image>(self, self->state.parts.images, deadline::inner, std::move(fact), [self](result<pulled_image> r) {
    if (!r) return fail_with(self, std::move(r.error()));
    finish(self, std::move(*r));
  });
}

void write_record(self_pointer self) {
  auto& state = self->state;
  image_pulled fact{std::make_shared<const image>(image_of(state)), names_of(state), state.request.ns, state.event};
  record_changes changes{{store::put_image{*fact.what, fact.names}}, true};
  ask<done>(self, state.parts.metadata, deadline::inner, std::move(changes), [self, fact](const result<done>& r) {
    if (!r) return fail_with(self, r.error());
    announce(self, fact);
  });
}

} // namespace

void commit(self_pointer self) {
  auto& state = self->state;
  keep_documents documents;
  documents.lease = state.request.pull_id;
  for (const auto* document : {&state.top, &state.manifest_document, &state.config_document})
    documents.documents.emplace_back(document->content, document->bytes);
  ask<done>(self, state.parts.snapshot, deadline::inner, std::move(documents), [self](const result<done>& r) {
    if (!r) return fail_with(self, r.error());
    write_record(self);
  });
}

} // namespace gantry::pulling
