#include "actors/image_making.hpp"

#include <nlohmann/json.hpp>

#include "actors/engine_parts.hpp"
#include "actors/random_id.hpp"
#include "runtime/log/json_line.hpp"
#include "store/hash.hpp"

namespace gantry::archiving {
namespace {

using json = nlohmann::ordered_json;

json describe(const descriptor& what) {
  return {{"mediaType", what.media_type}, {"digest", what.content.str()}, {"size", what.size}};
}

std::string manifest_of(const image_making& work, const fetched_document& config) {
  json made{{"schemaVersion", 2}, {"mediaType", media_type::oci_manifest}};
  made["config"] = describe({media_type::oci_config, config.content, config.bytes.size(), {}, {}});
  made["layers"] = json::array();
  for (const auto& layer : work.below) made["layers"].push_back(describe(layer));
  if (work.layer)
    made["layers"].push_back(
        describe({media_type::oci_layer_gzip, work.layer->blob.content, work.layer->blob.size, {}, {}}));
  return made.dump();
}

fetched_document document(std::string bytes, const char* type) {
  auto content = store::digest_of(bytes);
  return {std::move(bytes), type, std::move(content)};
}

result<unpack_image> describe_image(image_making& work) {
  work.config.created = log::format_time(now());
  if (work.layer) work.config.diff_id = work.layer->diff_id;
  GANTRY_LET(auto bytes, store::make_config(work.config));
  unpack_image request;
  request.ns = work.ns;
  if (work.name) request.names.push_back(*work.name);
  request.config = document(std::move(bytes), media_type::oci_config);
  request.manifest_document = document(manifest_of(work, request.config), media_type::oci_manifest);
  request.top = request.manifest_document;
  request.pull_id = random_id();
  request.client = work.client;
  request.event = work.event_name;
  request.parent = work.parent;
  return request;
}

void unpack(self_pointer self, const making_ptr& work) {
  auto request = describe_image(*work);
  if (!request) return fail_with(self, work, request.error());
  ask<pulled_image>(self, self->state.parts.images, deadline::without_end, std::move(*request),
                    [self, work](const result<pulled_image>& made) {
                      if (!made) return fail_with(self, work, made.error());
                      if (work->told) {
                        work->told->attributes["imageID"] = made->id.str();
                        tell(self->state.parts.events, std::move(*work->told));
                      }
                      work->promise.deliver(made_image{made->id});
                      end(self);
                    });
}

} // namespace

void fail_with(self_pointer self, const making_ptr& work, const error& why) {
  refuse(work->promise, why);
  work->pieces.reset();
  auto snapshot = self->state.parts.snapshot;
  end(self); // releases the lease first
  tell(snapshot, sweep_content{});
}

void make_image(self_pointer self, const making_ptr& work) {
  hold_blobs held{{}, self->state.lease};
  for (const auto& layer : work->below) held.blobs.push_back(layer.content);
  if (work->layer) held.blobs.push_back(work->layer->blob.content);
  ask<done>(self, self->state.parts.snapshot, deadline::inner, std::move(held), [self, work](const result<done>& r) {
    if (!r) return fail_with(self, work, r.error());
    if (work->layer)
      if (auto kept = work->pieces->keep({&work->layer->blob, 1}); !kept) return fail_with(self, work, kept.error());
    unpack(self, work);
  });
}

result<std::optional<store::upper_tree>> upper_of(const store::layout& paths, const container_record& of) {
  if (!of.options.read_only_rootfs && of.options.writable_memory > 0)
    return fail(errc::invalid_argument,
                "container {} has its writable layer in memory (StorageOpt memory), where what it changed cannot be "
                "told from its image: make it with its writable layer on disk",
                of.name.id.substr(0, 12));
  std::optional<store::upper_tree> made;
  if (of.snapshot == 0) return made;
  made.emplace();
  made->upper = paths.snapshot_upper(of.snapshot);
  for (auto layer = of.layers.rbegin(); layer != of.layers.rend(); ++layer)
    made->parents.push_back(paths.layer_path(*layer));
  made->parents.push_back(paths.mount_points());
  return made;
}

} // namespace gantry::archiving
