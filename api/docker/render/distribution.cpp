#include "api/docker/render/distribution.hpp"

namespace gantry::docker {

std::vector<platform> platforms_in(const image_index& index) {
  std::vector<platform> found;
  for (const auto& one : index.manifests)
    if (one.target && one.target->os != "unknown") found.push_back(*one.target);
  return found;
}

json distribution(const descriptor& top, const std::vector<platform>& platforms) {
  json list = json::array();
  for (const auto& one : platforms) {
    json made{{"architecture", one.architecture}, {"os", one.os}};
    if (!one.variant.empty()) made["variant"] = one.variant;
    list.push_back(std::move(made));
  }
  return {{"Descriptor", {{"mediaType", top.media_type}, {"digest", top.content.str()}, {"size", top.size}}},
          {"Platforms", std::move(list)}};
}

} // namespace gantry::docker
