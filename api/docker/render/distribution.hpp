#pragma once

#include "api/docker/render/json.hpp"
#include "messages/domain/manifest.hpp"

namespace gantry::docker {

/// Whom an index has an image for; attestations, which are for nobody, left out.
std::vector<platform> platforms_in(const image_index& index);

/// What a registry has under a name (Docker Engine API, "DistributionInspect").
json distribution(const descriptor& top, const std::vector<platform>& platforms);

} // namespace gantry::docker
