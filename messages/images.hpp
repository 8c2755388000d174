#pragma once

#include <memory>

#include "messages/domain/event.hpp"
#include "messages/domain/image.hpp"
#include "messages/domain/key.hpp"
#include "messages/metrics.hpp"

namespace gantry {

using image_view = std::shared_ptr<const image>;

/// Who may read a private repository (Docker Engine API, AuthConfig). All empty: what ~/.docker/config.json says.
struct registry_login {
  std::string username, password, identity_token, registry_token;
  friend auto operator<=>(const registry_login&, const registry_login&) = default;
};

struct pull_image {
  std::string ns;
  reference name;
  platform wanted;
  registry_login login;
  std::string pull_id; ///< names the progress events; chosen by the caller
  std::string client;
};
/// The asker with this pull_id (or push_id) has gone: a pull or push that nobody waits for any more is given up.
struct abandon_pull {
  std::string pull_id;
};
struct pulled_image {
  digest id, manifest;
  bool changed = false;                    ///< false: the name already meant this image
  std::vector<layer_progress> layers = {}; ///< how each came to be there, base first
};

/// A manifest, an index or a config, from a registry or an archive.
struct fetched_document {
  std::string bytes, content_type;
  digest content;
};
/// An image whose blobs are all in the store, and held by the asker: its layers are expanded where they are not, and it
/// is recorded under these names, or under none. Answered as a pull is.
struct unpack_image {
  std::string ns;
  std::vector<reference> names;                    ///< with tags
  fetched_document top, manifest_document, config; ///< `top`: what the names resolve to
  std::string pull_id, client, event;              ///< event: what it is told as: load, import, create
  digest parent{};                                 ///< image.parent
};

/// To the registry that its name leads to.
struct push_image {
  std::string ns;
  reference name; ///< with a tag
  registry_login login;
  std::string push_id; ///< names the progress events; chosen by the caller
  std::string client;
};
struct pushed_image {
  digest manifest;
  std::uint64_t size = 0;                  ///< of the manifest, in bytes
  std::vector<layer_progress> layers = {}; ///< how each came to be there, base first
};

/// By reference, by id (with or without "sha256:") or by a prefix of an id.
struct find_image {
  std::string ns, name;
};
struct found_image {
  image_view what;
  std::vector<image_name> names; ///< in that namespace
};
/// As find_image, and the image is in use by `user` until release_image, beside others that are.
struct use_image {
  std::string ns, name;
  key user;
};
struct release_image {
  key user;
};
/// As find_image for each name, and the content of all is kept until the snapshot actor is told release_lease.
struct hold_images {
  std::string ns;
  std::vector<std::string> names;
  std::string lease;
};
struct held_images {
  std::vector<found_image> images;
};
struct list_images {
  std::string ns;
};
struct image_list {
  std::vector<found_image> images;
};
struct tag_image {
  std::string ns, source;
  reference target;
};
struct remove_image {
  std::string ns, name;
  bool force = false;
};
struct removed_image {
  std::vector<std::string> untagged; ///< familiar names
  std::vector<digest> deleted;       ///< image id, then the layers that nothing else uses
};
/// From a puller: it has an image whole and recorded.
struct image_pulled {
  image_view what;
  std::vector<image_name> names;
  std::string ns, event; ///< event: what it is told as: pull, load, import, create
};

/// images: tags and names per namespace, which of them containers use, and their pulls and pushes.
using images_actor = caf::typed_actor<
    // One pull for all who ask for the same with the same rights; answers when the image is whole
    replies_to<pull_image>::with<pulled_image>, reacts_to<abandon_pull>, replies_to<unpack_image>::with<pulled_image>,
    replies_to<push_image>::with<pushed_image>,
    // not_found, in Docker's words
    replies_to<find_image>::with<found_image>, replies_to<use_image>::with<found_image>, reacts_to<release_image>,
    replies_to<hold_images>::with<held_images>, replies_to<list_images>::with<image_list>,
    replies_to<tag_image>::with<done>,
    // failed_precondition while a container uses it, without force
    replies_to<remove_image>::with<removed_image>, replies_to<image_pulled>::with<pulled_image>,
    replies_to<read_metrics>::with<metrics>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::pull_image)
GANTRY_MESSAGE(gantry::pulled_image)
GANTRY_MESSAGE(gantry::abandon_pull)
GANTRY_MESSAGE(gantry::fetched_document)
GANTRY_MESSAGE(gantry::unpack_image)
GANTRY_MESSAGE(gantry::push_image)
GANTRY_MESSAGE(gantry::pushed_image)
GANTRY_MESSAGE(gantry::find_image)
GANTRY_MESSAGE(gantry::found_image)
GANTRY_MESSAGE(gantry::use_image)
GANTRY_MESSAGE(gantry::release_image)
GANTRY_MESSAGE(gantry::hold_images)
GANTRY_MESSAGE(gantry::held_images)
GANTRY_MESSAGE(gantry::list_images)
GANTRY_MESSAGE(gantry::image_list)
GANTRY_MESSAGE(gantry::tag_image)
GANTRY_MESSAGE(gantry::remove_image)
GANTRY_MESSAGE(gantry::removed_image)
GANTRY_MESSAGE(gantry::image_pulled)
