#pragma once

#include <span>
#include <vector>

#include "messages/domain/descriptor.hpp"
#include "messages/domain/reference.hpp"
#include "store/archive/tar_writer.hpp"
#include "store/blob/blob_store.hpp"

namespace gantry::store {

/// An image whose blobs are all in the store.
struct saved_image {
  std::vector<reference> names;     ///< with tags; may be empty
  descriptor top, manifest, config; ///< `top`: what the names lead to, the manifest itself or an index
  std::vector<descriptor> layers;   ///< base first
};

/// Writes an archive as dockerd does since 25: an OCI image layout with the blobs as they are, so that all digests
/// stay, and the manifest.json that older engines read. An index is written as it is, though only one of its platforms
/// is here. Blocks. Errors: not_found when a blob is gone; those of `to`.
result<void> write_images(const blob_store& from, std::span<const saved_image> images, byte_sink& to);

} // namespace gantry::store
