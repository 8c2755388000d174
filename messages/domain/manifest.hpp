#pragma once

#include <string_view>
#include <variant>
#include <vector>

#include "messages/domain/descriptor.hpp"

namespace gantry {

/// OCI image-spec manifest.md and Docker's schema 2.
struct manifest {
  std::string media_type;
  descriptor config;
  std::vector<descriptor> layers; ///< base first; at most 500
};

/// OCI image-spec image-index.md and Docker's manifest list.
struct image_index {
  std::string media_type;
  std::vector<descriptor> manifests; ///< at most 1,000
};

inline constexpr std::size_t max_manifest_bytes = 4u << 20;
inline constexpr std::size_t max_config_bytes = 8u << 20;

/// Parses a manifest or index as a registry sent it. `content_type` is the header's media type (parameters are cut
/// off), empty when there was none. Refused, naming what was found: a body whose mediaType contradicts the header, a
/// document with both `layers` and `manifests`, schema 1, unknown media types, sizes or digests out of range,
/// names written twice in any case, anything over max_manifest_bytes. Errors: corrupt (it contradicts itself, the
/// header or the schema), invalid_argument (well-formed, but not an image that can be run, or over a limit).
result<std::variant<manifest, image_index>> parse_manifest(std::string_view json, std::string_view content_type);

/// The entry of `index` that fits `wanted` best; attestations (platform "unknown") never fit.
/// Errors: not_found, listing the platforms that there are.
result<descriptor> select(const image_index& index, const platform& wanted);

} // namespace gantry
