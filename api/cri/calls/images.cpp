#include <nlohmann/json.hpp>

#include "api/cri/calls/calls.hpp"
#include "api/cri/calls/chunks.hpp"
#include "api/cri/calls/find.hpp"
#include "api/cri/mapping/images.hpp"
#include "api/cri/mapping/info.hpp"

namespace gantry::cri::calls {
namespace {

awaitable<result<found_image>> find_named(context& door, const std::string& name) {
  if (name.empty()) co_return fail(errc::invalid_argument, "image is empty: name an image");
  find_image wanted{pods_namespace, name};
  co_return co_await ask<found_image>(door, door.actors.images, std::move(wanted), deadline::inner);
}

awaitable<result<image_list>> all_images(context& door) {
  gantry::list_images all{pods_namespace};
  co_return co_await ask<image_list>(door, door.actors.images, std::move(all), deadline::inner);
}

std::string image_info(const found_image& of) {
  nlohmann::json made;
  made["imageSpec"] = nlohmann::json::parse(of.what->config_json, nullptr, false);
  if (made["imageSpec"].is_discarded()) made["imageSpec"] = nullptr;
  made["unpackedBytes"] = of.what->unpacked_bytes;
  return info_text(made);
}

/// An image that is not there is an empty answer, not an error.
awaitable<result<v1::ListImagesResponse>> list_one(context& door, const std::string& name) {
  auto found = co_await find_named(door, name);
  v1::ListImagesResponse made;
  if (found)
    *made.add_images() = render_image(*found);
  else if (!is_gone(found.error()))
    co_return tl::unexpected<error>(found.error());
  co_return made;
}

} // namespace

answer<v1::ListImagesResponse> list_images(context& door, const v1::ListImagesRequest& request) {
  const auto& name = request.filter().image().image();
  if (!name.empty()) co_return co_await list_one(door, name);
  GANTRY_CO_LET(auto all, co_await all_images(door));
  v1::ListImagesResponse made;
  for (const auto& one : all.images) *made.add_images() = render_image(one);
  co_return made;
}

answer<void> stream_images(context& door, const v1::StreamImagesRequest& request, sink<v1::StreamImagesResponse>& to) {
  v1::ListImagesRequest same;
  *same.mutable_filter() = request.filter();
  GANTRY_CO_LET(auto all, co_await list_images(door, same));
  co_return co_await write_chunks(*all.mutable_images(), to, &v1::StreamImagesResponse::mutable_images);
}

answer<v1::ImageStatusResponse> image_status(context& door, const v1::ImageStatusRequest& request) {
  auto found = co_await find_named(door, request.image().image());
  v1::ImageStatusResponse made;
  if (found) {
    *made.mutable_image() = render_image(*found);
    if (request.verbose()) (*made.mutable_info())["info"] = image_info(*found);
  } else if (!is_gone(found.error())) {
    co_return tl::unexpected<error>(found.error());
  }
  co_return made;
}

/// The image goes with all the names that it has here, whichever of them was said.
answer<v1::RemoveImageResponse> remove_image(context& door, const v1::RemoveImageRequest& request) {
  auto found = co_await find_named(door, request.image().image());
  if (found) {
    gantry::remove_image message{pods_namespace, found->what->id.str(), true};
    auto removed = co_await ask<removed_image>(door, door.actors.images, std::move(message), deadline::whole);
    if (!removed && !is_gone(removed.error())) co_return tl::unexpected<error>(removed.error());
  } else if (!is_gone(found.error())) {
    co_return tl::unexpected<error>(found.error());
  }
  co_return v1::RemoveImageResponse();
}

answer<v1::ImageFsInfoResponse> image_fs_info(context& door, const v1::ImageFsInfoRequest&) {
  GANTRY_CO_LET(auto all, co_await all_images(door));
  std::set<digest> counted;
  std::uint64_t bytes = 0;
  for (const auto& one : all.images) bytes += bytes_on_disk(*one.what, counted);
  v1::ImageFsInfoResponse made;
  auto& images = *made.add_image_filesystems();
  images.set_timestamp(now());
  images.mutable_fs_id()->set_mountpoint(door.facts.root);
  images.mutable_used_bytes()->set_value(bytes);
  // Writable layers lie on the same file system.
  auto& containers = *made.add_container_filesystems();
  containers.set_timestamp(images.timestamp());
  *containers.mutable_fs_id() = images.fs_id();
  co_return made;
}

} // namespace gantry::cri::calls
