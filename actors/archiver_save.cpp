#include "actors/archives.hpp"

#include "messages/domain/manifest.hpp"
#include "runtime/stream/pipe.hpp"
#include "store/image_archive/write_images.hpp"

namespace gantry::archiving {
namespace {

/// What its names lead to: the manifest itself, or an index whose media type only its document says.
result<descriptor> top_of(const found_image& image, const store::blob_store& blobs) {
  const auto& own = image.what->manifest_descriptor;
  if (image.names.empty() || image.names.front().manifest == own.content) return own;
  const auto& content = image.names.front().manifest;
  GANTRY_LET(auto bytes, blobs.read(content, max_manifest_bytes));
  GANTRY_LET(auto parsed, parse_manifest(bytes, ""));
  auto type = std::visit([](const auto& document) { return document.media_type; }, parsed);
  return descriptor{std::move(type), content, bytes.size(), {}, {}};
}

result<store::saved_image> describe(const found_image& image, const store::blob_store& blobs) {
  store::saved_image made;
  GANTRY_LET(made.top, top_of(image, blobs));
  made.manifest = image.what->manifest_descriptor;
  made.config = {media_type::oci_config, image.what->id, image.what->config_json.size(), {}, {}};
  made.layers = image.what->layers;
  for (const auto& name : image.names)
    if (!name.name.tag.empty()) made.names.push_back(name.name);
  return made;
}

/// As docker: of each image, by its id.
void tell_saved(self_pointer self, const std::string& ns, const held_images& held) {
  for (const auto& image : held.images) {
    event what{ns, event::subject::image, "save", image.what->id.str(), image.what->config.labels, now()};
    what.attributes["name"] = what.id;
    tell(self->state.parts.events, std::move(what));
  }
}

result<void> write(const held_images& held, const store::blob_store& blobs, const byte_pipe& into) {
  std::vector<store::saved_image> images;
  for (const auto& image : held.images) {
    GANTRY_LET(auto one, describe(image, blobs));
    images.push_back(std::move(one));
  }
  pipe_sink sink(into);
  GANTRY_TRY(store::write_images(blobs, images, sink));
  into->finish();
  return {};
}

} // namespace

caf::result<done> save(self_pointer self, const save_images& request) {
  auto promise = self->make_response_promise<done>();
  hold_images wanted{request.ns, request.names, self->state.lease};
  ask<held_images>(self, self->state.parts.images, deadline::inner, std::move(wanted),
                   [self, promise, ns = request.ns, into = request.into](const result<held_images>& held) mutable {
                     auto written = held ? write(*held, *self->state.parts.blobs, into)
                                         : result<void>(tl::unexpected<error>(held.error()));
                     if (written) {
                       tell_saved(self, ns, *held);
                       promise.deliver(done{});
                     } else
                       refuse(promise, written.error());
                     end(self);
                   });
  return promise;
}

} // namespace gantry::archiving
