#pragma once

#include <memory>
#include <optional>

#include "messages/byte_pipe.hpp"
#include "messages/catalog.hpp"
#include "messages/domain/image_change.hpp"
#include "messages/images.hpp"

namespace gantry {

/// Writes an archive of these images into the pipe: an OCI image layout and docker's manifest.json in one.
struct save_images {
  std::string ns;
  std::vector<std::string> names; ///< as find_image has them
  byte_pipe into;
  std::string client;
};

/// Takes in the images of an archive: an OCI image layout, or what docker save writes; plain or compressed.
struct load_images {
  std::string ns;
  byte_pipe from;
  std::string client;
};
struct loaded_images {
  struct one {
    digest id;
    std::vector<std::string> names; ///< familiar ones
  };
  std::vector<one> images;
};

/// Makes an image of one layer from a root file system's tar, plain or compressed.
struct import_image {
  std::string ns;
  byte_pipe from;      ///< the archive; with a URL nothing comes through it, but that it has failed ends the download
  std::string url;     ///< not empty: http or https, where the archive is downloaded from
  std::string pull_id; ///< names the progress events of a download; chosen by the caller
  std::optional<reference> name;
  std::string message;
  platform target;
  image_changes changes;
  std::string client;
};

/// Makes an image of a container's own image and its writable layer.
struct commit_container {
  found_container what;
  std::optional<reference> name;
  std::string comment, author;
  image_changes changes;
  bool pause = true; ///< a running one, while its writable layer is read
  std::string client;
};
struct made_image {
  digest id;
};

/// What a container changed of its image's files.
struct list_changes {
  container_view what;
  std::string client;
};
struct path_change {
  enum class kind : std::uint8_t { modified = 0, added = 1, deleted = 2 }; ///< the numbers are Docker's
  std::string path;                                                        ///< absolute, in the container
  kind what = kind::modified;
  friend auto operator<=>(const path_change&, const path_change&) = default;
};
using change_list = std::shared_ptr<const std::vector<path_change>>; ///< sorted by path

/// archives: images out of the store and into it as bytes, each by an archiver with a thread of its own. exhausted when
/// too many are under way and wait.
using archives_actor = caf::typed_actor<
    // Answers when the archive's end is in the pipe
    replies_to<save_images>::with<done>,
    // corrupt and invalid_argument, naming the entry; images before the one that failed are there
    replies_to<load_images>::with<loaded_images>, replies_to<import_image>::with<made_image>,
    // invalid_argument for a writable layer in memory
    replies_to<commit_container>::with<made_image>, replies_to<list_changes>::with<change_list>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::save_images)
GANTRY_MESSAGE(gantry::load_images)
GANTRY_MESSAGE(gantry::loaded_images)
GANTRY_MESSAGE(gantry::import_image)
GANTRY_MESSAGE(gantry::commit_container)
GANTRY_MESSAGE(gantry::made_image)
GANTRY_MESSAGE(gantry::list_changes)
GANTRY_MESSAGE(gantry::change_list)
