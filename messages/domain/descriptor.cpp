#include "messages/domain/descriptor.hpp"

#include <array>

#include "messages/domain/quote.hpp"

namespace gantry {
namespace {

struct layer_type {
  std::string_view media_type;
  compression packed;
};

// The last six are not constants of the header: buildkit's zstd in a Docker manifest, and the deprecated layers "that
// must not be pushed" of both families, which are pulled like any other.
constexpr std::array<layer_type, 11> layer_types{{
    {media_type::oci_layer, compression::none},
    {media_type::oci_layer_gzip, compression::gzip},
    {media_type::oci_layer_zstd, compression::zstd},
    {media_type::docker_layer, compression::none},
    {media_type::docker_layer_gzip, compression::gzip},
    {"application/vnd.docker.image.rootfs.diff.tar.zstd", compression::zstd},
    {"application/vnd.docker.image.rootfs.foreign.diff.tar", compression::none},
    {"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", compression::gzip},
    {"application/vnd.oci.image.layer.nondistributable.v1.tar", compression::none},
    {"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", compression::gzip},
    {"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", compression::zstd},
}};

} // namespace

result<compression> layer_compression(const std::string& media_type) {
  for (const auto& known : layer_types)
    if (known.media_type == media_type) return known.packed;
  return fail(errc::invalid_argument, "media type {} is not that of a layer that can be unpacked", quote(media_type));
}

} // namespace gantry
