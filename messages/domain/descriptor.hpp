#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "messages/domain/digest.hpp"
#include "messages/domain/platform.hpp"

namespace gantry {

/// OCI image-spec descriptor.md: names content by type, digest and size in bytes.
struct descriptor {
  std::string media_type;
  digest content;
  std::uint64_t size = 0;
  std::optional<platform> target; ///< set in an index
  std::map<std::string, std::string> annotations;

  friend bool operator==(const descriptor&, const descriptor&) = default;
};

namespace media_type {
inline constexpr auto oci_index = "application/vnd.oci.image.index.v1+json";
inline constexpr auto oci_manifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr auto oci_config = "application/vnd.oci.image.config.v1+json";
inline constexpr auto oci_layer = "application/vnd.oci.image.layer.v1.tar";
inline constexpr auto oci_layer_gzip = "application/vnd.oci.image.layer.v1.tar+gzip";
inline constexpr auto oci_layer_zstd = "application/vnd.oci.image.layer.v1.tar+zstd";
inline constexpr auto docker_list = "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr auto docker_manifest = "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr auto docker_config = "application/vnd.docker.container.image.v1+json";
inline constexpr auto docker_layer = "application/vnd.docker.image.rootfs.diff.tar";
inline constexpr auto docker_layer_gzip = "application/vnd.docker.image.rootfs.diff.tar.gzip";
} // namespace media_type

enum class compression : std::uint8_t { none, gzip, zstd };

/// The compression a layer's media type promises, also for the non-distributable variants.
/// Errors: invalid_argument for any other media type, naming it.
result<compression> layer_compression(const std::string& media_type);

} // namespace gantry
