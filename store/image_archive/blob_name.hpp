#pragma once

#include <string>

#include <fmt/format.h>

#include "messages/domain/digest.hpp"

namespace gantry::store {

/// Where an OCI image layout has a blob (OCI image-spec image-layout.md, "Blobs").
inline std::string blob_name(const digest& content) {
  return fmt::format("blobs/{}/{}", to_string(content.algo()), content.hex());
}

} // namespace gantry::store
