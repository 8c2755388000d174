#include "actors/puller.hpp"
#include "store/hash.hpp"

namespace gantry::pulling {
namespace {

/// OCI image-spec config.md, "Layer ChainID".
digest chain_of(const digest& below, const digest& diff_id) {
  return below.empty() ? diff_id : store::digest_of(below.str() + " " + diff_id.str());
}

result<void> read_layers(puller_state& state) {
  GANTRY_LET(state.config, parse_image_config(state.config_document.bytes));
  const auto& blobs = state.parsed.layers;
  if (blobs.size() != state.config.diff_ids.size())
    return fail(errc::corrupt, "its manifest lists {} layers and its config {} diff_ids", blobs.size(),
                state.config.diff_ids.size());
  digest chain;
  for (std::size_t i = 0; i < blobs.size(); ++i) {
    GANTRY_TRY(layer_compression(blobs[i].media_type));
    chain = chain_of(chain, state.config.diff_ids[i]);
    puller_state::layer layer;
    layer.blob = blobs[i];
    layer.diff_id = state.config.diff_ids[i];
    // A base layer's chainID is its diffID: where it does depend on being the base, it is kept under a name of its own.
    layer.chain_id = i == 0 ? store::digest_of("base " + chain.str()) : chain;
    state.layers.push_back(std::move(layer));
  }
  return {};
}

void on_config(self_pointer self, fetched_document document) {
  auto& state = self->state;
  state.config_document = std::move(document);
  lay_out(self);
}

void on_manifest(self_pointer self, fetched_document document, manifest parsed) {
  auto& state = self->state;
  state.manifest_document = std::move(document);
  state.parsed = std::move(parsed);
  fetch_document request{state.request.name, state.parsed.config, state.request.login, state.request.pull_id};
  ask<fetched_document>(self, state.parts.transfer, deadline::whole, std::move(request),
                        [self](result<fetched_document> r) {
                          if (!r) return fail_with(self, std::move(r.error()));
                          on_config(self, std::move(*r));
                        });
}

void fetch(self_pointer self, const reference& name);

void on_index(self_pointer self, const image_index& index) {
  auto& state = self->state;
  auto chosen = select(index, state.request.wanted);
  if (!chosen) return fail_with(self, within(chosen.error(), "image {}", state.request.name.familiar()).value());
  auto name = state.request.name;
  name.content = chosen->content;
  fetch(self, name);
}

void on_document(self_pointer self, fetched_document document) {
  auto& state = self->state;
  auto parsed = parse_manifest(document.bytes, document.content_type);
  if (!parsed) return fail_with(self, within(parsed.error(), "image {}", state.request.name.familiar()).value());
  bool first = state.top.content.empty();
  if (first) state.top = document;
  if (auto* one = std::get_if<manifest>(&*parsed)) return on_manifest(self, std::move(document), std::move(*one));
  if (!first)
    return fail_with(self,
                     {errc::corrupt,
                      "image " + state.request.name.familiar() + ": an index that lists an index is not supported", 0});
  on_index(self, std::get<image_index>(*parsed));
}

void fetch(self_pointer self, const reference& name) {
  auto& state = self->state;
  fetch_manifest request{name, state.request.login, state.request.pull_id};
  ask<fetched_document>(self, state.parts.transfer, deadline::whole, std::move(request),
                        [self](result<fetched_document> r) {
                          if (!r) return fail_with(self, std::move(r.error()));
                          on_document(self, std::move(*r));
                        });
}

} // namespace

void lay_out(self_pointer self) {
  auto& state = self->state;
  if (auto read = read_layers(state); !read)
    return fail_with(self, within(read.error(), "image {}", state.request.name.familiar()).value());
  fetch_layers(self);
}

void resolve(self_pointer self) { fetch(self, self->state.request.name); }

} // namespace gantry::pulling
