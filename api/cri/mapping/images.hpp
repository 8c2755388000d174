#pragma once

#include <set>
#include <string>

#include "api/cri/cri.pb.h"
#include "messages/images.hpp"

namespace gantry::cri {

namespace v1 = ::runtime::v1;

/// An image with its names in the namespace of pods.
v1::Image render_image(const found_image& from);

/// Bytes of the image's own on disk: the share of `unpacked_bytes` whose layers are not in `counted` yet, by the sizes
/// of their blobs; and the blobs themselves. Adds its layers to `counted`, so that what images share is counted once.
std::uint64_t bytes_on_disk(const image& of, std::set<digest>& counted);

/// The credentials of a pull. Those for another registry than the image's are left out: a registry must not see what
/// was meant for another. Errors: invalid_argument; no part of the secrets goes into a message.
result<registry_login> parse_auth(const v1::AuthConfig& from, const reference& image);

} // namespace gantry::cri
