#pragma once

#include <string>
#include <variant>
#include <vector>

#include "messages/domain/container.hpp"
#include "messages/domain/image.hpp"

namespace gantry {

// What can be done to the records (store/README.md, "Records"). A put replaces what has the same key.

struct put_container { container_record record; };
struct erase_container { key name; };
struct put_sandbox { sandbox_record record; };
struct erase_sandbox { key name; };
struct put_volume { volume_record record; };
struct erase_volume { std::string ns, name; };
struct put_image { image record; };
struct erase_image { digest id; };
struct put_image_name { image_name name; };
struct erase_image_name { std::string ns; reference name; };
/// A committed layer folder; `id` is a diffID, or a chainID for a layer that depends on its parents.
struct put_layer { digest id; std::uint64_t folder = 0; std::uint64_t bytes = 0; };
struct erase_layer { digest id; };
/// Content in use by an operation: layer ids and blobs, kept until it is erased or expires.
struct put_lease { std::string id; std::vector<digest> content; std::int64_t expires = 0; /* unix seconds */ };
struct erase_lease { std::string id; };

using change = std::variant<put_container, erase_container, put_sandbox, erase_sandbox, put_volume, erase_volume,
                            put_image, erase_image, put_image_name, erase_image_name, put_layer, erase_layer,
                            put_lease, erase_lease>;

/// Changes that are made together or not at all. With `synced`, durable through a power cut before the answer:
/// for what folders are touched after (removals) and what promises content (images, layers).
struct record_change {
  std::vector<change> changes;
  bool synced = false;
};

} // namespace gantry
