#pragma once

#include <vector>

#include "messages/domain/descriptor.hpp"
#include "messages/domain/reference.hpp"
#include "store/image_archive/contents.hpp"

namespace gantry::store {

struct archived_document {
  std::string bytes, media_type;
  digest content;
};

/// One image of an archive, for one platform. Digests and sizes of its documents and blobs are verified; its diffIDs
/// are when it is extracted.
struct archived_image {
  std::vector<reference> names;            ///< with tags; may be empty
  archived_document top, manifest, config; ///< `top`: what the names lead to, the manifest itself or an index
  std::vector<staging::piece> layers;      ///< base first
};

/// The images of an archive: of its OCI image layout where it has one (OCI image-spec image-layout.md), else of
/// docker's manifest.json. Of an index the platform `host` is taken, or the only one that is there. Errors: corrupt,
/// naming what is missing or contradicts itself; invalid_argument for what is no archive of images; exhausted.
result<std::vector<archived_image>> read_images(const archive_contents& of, const platform& host);

// Its two ways.
result<std::vector<archived_image>> read_image_layout(const archive_contents& of, const platform& host);
result<std::vector<archived_image>> read_docker_archive(const archive_contents& of);

} // namespace gantry::store
