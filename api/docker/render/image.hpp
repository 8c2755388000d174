#pragma once

#include "api/docker/render/json.hpp"
#include "messages/images.hpp"

/// An image in Docker's JSON. Pure.
namespace gantry::docker {

json image_summary(const found_image& of, std::int64_t containers);
json image_inspect(const found_image& of);
json image_history(const found_image& of);
json removal_report(const removed_image& of);

/// "alpine:3.19" of each name with a tag, "alpine@sha256:…" of each name.
std::vector<std::string> repo_tags(const std::vector<image_name>& names);
std::vector<std::string> repo_digests(const std::vector<image_name>& names);

} // namespace gantry::docker
