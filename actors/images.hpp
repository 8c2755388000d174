#pragma once

#include <map>
#include <memory>
#include <set>

#include "messages/admission.hpp"
#include "messages/events.hpp"
#include "messages/images.hpp"
#include "messages/metadata.hpp"
#include "messages/pod_boards.hpp"
#include "messages/puller.hpp"
#include "messages/pusher.hpp"
#include "messages/snapshot.hpp"

namespace gantry {

struct images_parts {
  metadata_actor metadata;
  snapshot_actor snapshot;
  events_actor events;
  /// Spawns the puller of one image.
  std::function<puller_actor(const images_actor&)> spawn_puller;
  std::function<pusher_actor()> spawn_pusher = {};
  std::shared_ptr<pod_boards> boards = std::make_shared<pod_boards>();
};

struct images_state {
  images_parts parts;
  std::map<digest, image_view> images;
  std::map<std::pair<std::string, reference>, image_name> names; ///< (namespace, canonical name)
  /// Containers, and the images that each was made of or has mounted.
  std::map<key, std::set<digest>> users;
  /// One pull for all who ask for the same with the same rights.
  struct pull {
    puller_actor puller;
    std::map<std::string, caf::typed_response_promise<pulled_image>> waiting; ///< by pull_id
  };
  using pull_key = std::tuple<std::string, reference, std::string, registry_login>; ///< third: the platform
  std::map<pull_key, pull> pulls;
  std::map<std::string, pusher_actor> pushes;        ///< under way, by push_id
  std::map<std::string, std::uint64_t> pulls_by_end; ///< "done", "failed" and "cancelled"

  static inline const char* name = "images";
};

/// images (architecture, "Actors").
images_actor::behavior_type images(images_actor::stateful_pointer<images_state> self, images_parts parts,
                                   std::vector<image> found, std::vector<image_name> names);

namespace image_steps {

using self_pointer = images_actor::stateful_pointer<images_state>;

/// By canonical or familiar name, id, or a prefix of an id. Errors: not_found, in Docker's words.
result<found_image> find(const images_state& state, const std::string& ns, const std::string& name);
std::vector<image_name> names_of(const images_state& state, const std::string& ns, const digest& id);
/// Shows what images there are now: after each change of them or of their names, before it is answered.
void show(const images_state& state);
caf::result<pulled_image> pull(self_pointer self, const pull_image& request);
void abandon(self_pointer self, const abandon_pull& request);
caf::result<removed_image> remove(self_pointer self, const remove_image& request);
caf::result<done> tag(self_pointer self, const tag_image& request);
caf::result<pushed_image> push(self_pointer self, const push_image& request);
caf::result<held_images> hold(self_pointer self, const hold_images& request);
/// Tells of an image, with its labels: those of `of`, or of the one that `subject` names by now.
void emit(self_pointer self, const std::string& ns, std::string action, const std::string& subject,
          const std::string& name);
void emit(self_pointer self, const std::string& ns, std::string action, const std::string& subject,
          const std::string& name, const image_view& of);

} // namespace image_steps
} // namespace gantry
