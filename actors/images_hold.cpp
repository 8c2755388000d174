#include <algorithm>

#include "actors/images.hpp"

namespace gantry::image_steps {
namespace {

/// "alpine" alone means all of its tags here, as `docker save` does.
bool is_repository(const std::string& text) {
  auto last = text.substr(text.rfind('/') + 1);
  return text.find('@') == std::string::npos && last.find(':') == std::string::npos;
}

std::vector<image_name> tags_of(const images_state& state, const std::string& ns, const std::string& text) {
  std::vector<image_name> found;
  auto asked = reference::parse(text);
  if (!asked || !is_repository(text)) return found;
  for (const auto& [where, name] : state.names)
    if (where.first == ns && name.name.name() == asked->name() && !name.name.tag.empty()) found.push_back(name);
  return found;
}

void add(std::vector<found_image>& to, const image_view& what, const std::vector<image_name>& names) {
  auto same = std::find_if(to.begin(), to.end(), [&](const found_image& one) { return one.what->id == what->id; });
  if (same == to.end()) same = to.insert(to.end(), found_image{what, {}});
  for (const auto& name : names) {
    bool known =
        std::any_of(same->names.begin(), same->names.end(), [&](const auto& n) { return n.name == name.name; });
    if (!known) same->names.push_back(name);
  }
}

/// Each image with the names that it was asked for by: none when it was by its id.
result<std::vector<found_image>> find_all(const images_state& state, const hold_images& request) {
  std::vector<found_image> images;
  for (const auto& text : request.names) {
    auto tags = tags_of(state, request.ns, text);
    for (const auto& name : tags) add(images, state.images.at(name.id), {name});
    if (!tags.empty()) continue;
    GANTRY_LET(auto found, find(state, request.ns, text));
    auto asked = reference::parse(text);
    std::erase_if(found.names, [&](const image_name& name) { return !asked || name.name != *asked; });
    add(images, found.what, found.names);
  }
  return images;
}

std::vector<digest> content_of(const std::vector<found_image>& images) {
  std::vector<digest> all;
  for (const auto& image : images) {
    all.insert(all.end(), {image.what->id, image.what->manifest_descriptor.content});
    for (const auto& name : image.names) all.push_back(name.manifest);
    for (const auto& layer : image.what->layers) all.push_back(layer.content);
  }
  return all;
}

} // namespace

caf::result<held_images> hold(self_pointer self, const hold_images& request) {
  auto images = find_all(self->state, request);
  if (!images) return to_caf(images.error());
  auto promise = self->make_response_promise<held_images>();
  hold_blobs blobs{content_of(*images), request.lease};
  ask<done>(self, self->state.parts.snapshot, deadline::inner, std::move(blobs),
            [promise, images = std::move(*images)](const result<done>& r) mutable {
              if (!r) return refuse(promise, r.error());
              promise.deliver(held_images{std::move(images)});
            });
  return promise;
}

} // namespace gantry::image_steps
