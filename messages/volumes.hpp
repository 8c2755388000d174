#pragma once

#include "messages/caf.hpp"
#include "messages/domain/container.hpp"
#include "messages/images.hpp"

namespace gantry {

struct create_volume {
  std::string ns, name; ///< an empty name: anonymous, 64 hex digits
  std::map<std::string, std::string> labels;
};
struct find_volume {
  std::string ns, name;
};
struct list_volumes {
  std::string ns;
};
struct volume_info {
  volume_record record;
  std::string mountpoint;
  std::size_t users = 0;
};
struct volume_list {
  std::vector<volume_info> volumes;
};
struct remove_volume {
  std::string ns, name;
  bool force = false; ///< one that does not exist is no error
};
/// Makes ready the mounts a container asked for: volumes are made and counted as in use, fresh ones filled from the
/// image, missing bind sources made where asked, what is asked of images found in them.
struct acquire_mounts {
  key user;
  std::vector<mount_request> mounts;
  std::vector<std::uint64_t> layers;          ///< of the image, base first: what a fresh volume is filled from
  std::map<std::string, image_view> images{}; ///< those to be mounted, by their names in `mounts`; held by the asker
};
struct acquired_mounts {
  std::vector<resolved_mount> mounts;
};
/// The container is gone; with `anonymous`, so are its anonymous volumes.
struct release_mounts {
  key user;
  bool anonymous = false;
};
/// At the engine's start: what a container found again has in use.
struct recover_mounts {
  key user;
  std::vector<resolved_mount> mounts;
};

/// volumes: named volumes and who uses them.
using volumes_actor =
    caf::typed_actor<replies_to<create_volume>::with<volume_info>, replies_to<find_volume>::with<volume_info>,
                     replies_to<list_volumes>::with<volume_list>,
                     // failed_precondition while in use
                     replies_to<remove_volume>::with<done>,
                     // not_found or invalid_argument for a bind source or an image's sub-path
                     replies_to<acquire_mounts>::with<acquired_mounts>, replies_to<release_mounts>::with<done>,
                     reacts_to<recover_mounts>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::create_volume)
GANTRY_MESSAGE(gantry::find_volume)
GANTRY_MESSAGE(gantry::list_volumes)
GANTRY_MESSAGE(gantry::volume_info)
GANTRY_MESSAGE(gantry::volume_list)
GANTRY_MESSAGE(gantry::remove_volume)
GANTRY_MESSAGE(gantry::acquire_mounts)
GANTRY_MESSAGE(gantry::acquired_mounts)
GANTRY_MESSAGE(gantry::release_mounts)
GANTRY_MESSAGE(gantry::recover_mounts)
