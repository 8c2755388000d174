#pragma once

#include "actors/archives.hpp"
#include "store/image_archive/layer_packer.hpp"
#include "store/image_archive/make_config.hpp"
#include "store/snapshot/upper_tree.hpp"

namespace gantry::archiving {

/// An image that is being made of a layer, and of what lies below it.
struct image_making {
  std::string ns, client, event_name; ///< event_name: as unpack_image has it
  std::optional<reference> name;
  std::unique_ptr<store::staging> pieces;
  digest parent;                 ///< the image that it is made of, if there is one
  std::vector<descriptor> below; ///< that one's layers, base first
  std::optional<store::layer_packer::packed> layer;
  store::config_change config;
  std::optional<event> told; ///< of the container that it is made of; the image's id is added
  caf::typed_response_promise<made_image> promise;
};
using making_ptr = std::shared_ptr<image_making>;

/// The layer is packed: manifest and config are made, and all is recorded. Answers and ends.
void make_image(self_pointer self, const making_ptr& work);
void fail_with(self_pointer self, const making_ptr& work, const error& why);

/// What a container has written, and what lies below; none of a container without a writable layer. Errors:
/// invalid_argument for one whose writable layer is in memory.
result<std::optional<store::upper_tree>> upper_of(const store::layout& paths, const container_record& of);

} // namespace gantry::archiving
