#include "actors/layer_extractor.hpp"

#include "store/snapshot/layers.hpp"

#include "runtime/sys/thread_name.hpp"

namespace gantry {
namespace {

/// A layer's compressed bytes: from the blob store, or through a download that begins now.
struct layer_bytes {
  std::shared_ptr<store::ingest> download; ///< empty when the blob was there
  std::unique_ptr<store::byte_source> source;
};

result<layer_bytes> open_bytes(layer_extractor_state& state, const extract_layer& request) {
  layer_bytes bytes;
  if (state.blobs->has(request.blob.content)) {
    GANTRY_LET(bytes.source, state.blobs->open_blob(request.blob.content));
    return bytes;
  }
  GANTRY_LET(bytes.download, state.blobs->begin(request.blob));
  bytes.source = bytes.download->reader();
  tell(state.transfer, fetch_blob{request.from, bytes.download, request.login, request.group});
  return bytes;
}

result<store::extracted_layer> expand(layer_extractor_state& state, const extract_layer& request, layer_bytes& bytes) {
  GANTRY_LET(auto how, layer_compression(request.blob.media_type));
  GANTRY_LET(auto folder, store::begin_layer(state.paths, request.folder));
  store::parent_view parents;
  for (auto parent : request.parents) parents.folders.push_back(state.paths.layer_path(parent));
  GANTRY_LET(auto layer, store::extract_layer(*bytes.source, how, folder, state.limits, {},
                                              request.parents_known ? &parents : nullptr));
  if (bytes.download) GANTRY_TRY(bytes.download->commit());
  if (layer.needs_parents) return layer;
  if (layer.diff_id != request.diff_id)
    return fail(errc::corrupt, "its content has the digest {}, and the image's config says {}", layer.diff_id.str(),
                request.diff_id.str());
  return layer;
}

/// The blob alone. What it expands to is the affair of whoever makes a layer of it.
result<layer_extracted> keep_blob(layer_bytes& bytes) {
  if (!bytes.download) return layer_extracted{};
  bytes.source.reset(); // the download waits for no reader
  auto kept = bytes.download->commit();
  if (!kept) bytes.download->fail(kept.error());
  return kept.map([] { return layer_extracted{}; });
}

result<layer_extracted> extract_once(layer_extractor_state& state, const extract_layer& request, bool& resumed) {
  GANTRY_LET(auto bytes, open_bytes(state, request));
  resumed = bytes.download && bytes.download->resumed_from() > 0;
  if (request.folder == 0) return keep_blob(bytes);
  auto layer = expand(state, request, bytes);
  if (layer && !layer->needs_parents) {
    GANTRY_TRY(store::commit_layer(state.paths, request.folder));
    return layer_extracted{request.folder, layer->bytes, false, layer->used_parents};
  }
  if (!layer && bytes.download) bytes.download->fail(layer.error());
  (void)store::discard_layer(state.paths, request.folder); // else the next start sweeps it
  if (!layer) return tl::unexpected<error>(std::move(layer.error()));
  return layer_extracted{0, 0, true, false};
}

result<layer_extracted> extract(layer_extractor_state& state, const extract_layer& request) {
  bool resumed = false;
  auto layer = extract_once(state, request, resumed);
  // What was on disk from an earlier download may be what is wrong: once more, from the first byte.
  if (!layer && layer.error().code == errc::corrupt && resumed) layer = extract_once(state, request, resumed);
  if (!layer) return within(layer.error(), "layer {} of {}", request.blob.content.str(), request.from.familiar());
  return layer;
}

} // namespace

layer_extractor_actor::behavior_type
layer_extractor(layer_extractor_actor::stateful_pointer<layer_extractor_state> self, layer_extractor_state start) {
  sys::name_thread("layer_extractor");
  self->state = std::move(start);
  return {[self](const extract_layer& request) { return to_caf(extract(self->state, request)); }};
}

} // namespace gantry
