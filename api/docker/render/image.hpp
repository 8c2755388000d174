#pragma once

#include "api/docker/render/json.hpp"
#include "messages/images.hpp"

/// An image in Docker's JSON. Pure.
namespace gantry::docker {

/// Of how many containers, and how many bytes of other images are this one's as well; -1: not counted.
json image_summary(const found_image& of, std::int64_t containers = -1, std::int64_t shared = -1);

/// What images take on disk together: layers that several have lie there once.
struct images_on_disk {
  std::uint64_t bytes = 0;
  std::vector<std::uint64_t> shared; ///< bytes of each in layers that another has too, in the order of the images
};
/// A layer's part of an image is told by the sizes of blobs: unpacked layers are measured for an image as a whole.
images_on_disk measure_images(const std::vector<found_image>& images);
json image_inspect(const found_image& of);
json image_history(const found_image& of);
json removal_report(const removed_image& of);

/// "alpine:3.19" of each name with a tag, "alpine@sha256:…" of each name.
std::vector<std::string> repo_tags(const std::vector<image_name>& names);
std::vector<std::string> repo_digests(const std::vector<image_name>& names);

} // namespace gantry::docker
