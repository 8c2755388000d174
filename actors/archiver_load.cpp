#include "actors/archives.hpp"

#include "actors/random_id.hpp"
#include "store/image_archive/read_images.hpp"

namespace gantry::archiving {
namespace {

/// Images on their way from an archive, one after another.
struct loading {
  load_images request;
  std::shared_ptr<store::staging> pieces;
  std::vector<store::archived_image> images;
  loaded_images answer;
  caf::typed_response_promise<loaded_images> promise;
};
using loading_ptr = std::shared_ptr<loading>;

result<void> read_archive(self_pointer self, loading& work) {
  pipe_source from(work.request.from);
  GANTRY_LET(auto pieces, store::staging::open(self->state.parts.paths.root()));
  work.pieces = std::move(pieces);
  GANTRY_LET(auto contents, store::archive_contents::read(from, work.pieces, {}));
  GANTRY_LET(work.images, store::read_images(contents, platform::host()));
  return {};
}

/// What of it no image uses is garbage: the store is as it was.
void fail_with(self_pointer self, const loading_ptr& work, const error& why) {
  refuse(work->promise, why);
  auto snapshot = self->state.parts.snapshot;
  end(self); // releases the lease first
  tell(snapshot, sweep_content{});
}

fetched_document document(const store::archived_document& from) { return {from.bytes, from.media_type, from.content}; }

unpack_image unpacking(const loading& work, const store::archived_image& image) {
  unpack_image request{work.request.ns,        image.names, document(image.top), document(image.manifest),
                       document(image.config), random_id(), work.request.client, "load"};
  return request;
}

void next_image(self_pointer self, const loading_ptr& work);

void image_loaded(self_pointer self, const loading_ptr& work, const result<pulled_image>& made) {
  if (!made) return fail_with(self, work, made.error());
  loaded_images::one one{made->id, {}};
  for (const auto& name : work->images[work->answer.images.size()].names) one.names.push_back(name.familiar());
  work->answer.images.push_back(std::move(one));
  next_image(self, work);
}

void next_image(self_pointer self, const loading_ptr& work) {
  if (work->answer.images.size() == work->images.size()) {
    work->promise.deliver(std::move(work->answer));
    return end(self);
  }
  auto request = unpacking(*work, work->images[work->answer.images.size()]);
  ask<pulled_image>(self, self->state.parts.images, deadline::without_end, std::move(request),
                    [self, work](const result<pulled_image>& made) { image_loaded(self, work, made); });
}

/// No sweep takes the layers: from now on they may be among the blobs.
void keep_layers(self_pointer self, const loading_ptr& work) {
  std::map<digest, store::staging::piece> layers; // each once: it has one file
  for (const auto& image : work->images)
    for (const auto& layer : image.layers) layers.emplace(layer.content, layer);
  hold_blobs held{{}, self->state.lease};
  std::vector<store::staging::piece> all;
  for (auto& [content, piece] : layers) {
    held.blobs.push_back(content);
    all.push_back(std::move(piece));
  }
  ask<done>(self, self->state.parts.snapshot, deadline::inner, std::move(held),
            [self, work, all = std::move(all)](const result<done>& r) {
              auto kept = r ? work->pieces->keep(all) : result<void>(tl::unexpected<error>(r.error()));
              work->pieces.reset();
              if (!kept) return fail_with(self, work, kept.error());
              next_image(self, work);
            });
}

} // namespace

caf::result<loaded_images> load(self_pointer self, const load_images& request) {
  auto work = std::make_shared<loading>();
  work->request = request;
  work->promise = self->make_response_promise<loaded_images>();
  if (auto read = read_archive(self, *work); !read) {
    work->pieces.reset();
    fail_with(self, work, unreadable(read.error()));
  } else {
    keep_layers(self, work);
  }
  return work->promise;
}

} // namespace gantry::archiving
