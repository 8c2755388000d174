#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/descriptor.hpp"
#include "messages/domain/health.hpp"
#include "messages/domain/reference.hpp"

namespace gantry {

/// OCI image-spec config.md: the part that a container's defaults come from, and the diffIDs.
struct image_config {
  platform target;
  std::string created; ///< RFC 3339; empty when absent
  std::string author;
  std::string user;
  std::vector<std::string> env, entrypoint, cmd;
  std::string working_dir;
  std::vector<std::string> volumes, exposed_ports; ///< sorted
  std::map<std::string, std::string> labels;
  std::string stop_signal;
  std::optional<healthcheck> health;
  std::vector<digest> diff_ids; ///< base first
  struct history_entry {
    std::string created, created_by, comment;
    bool empty_layer = false;
  };
  std::vector<history_entry> history;
};

/// Reads Docker's configs too (a command that is one string, Healthcheck). No string in the result holds a NUL.
/// Errors: corrupt (not JSON, missing rootfs, bad digests, wrong types), invalid_argument (over max_config_bytes).
result<image_config> parse_image_config(std::string_view json);

/// An image that is whole on this machine. Its id is its config's digest.
struct image {
  digest id;
  descriptor manifest_descriptor;           ///< as the registry served it
  std::vector<descriptor> layers;           ///< compressed blobs, base first
  std::vector<std::uint64_t> layer_folders; ///< <root>/layers/<n>, base first, in the order of `layers`
  std::uint64_t unpacked_bytes = 0;
  image_config config;
  std::string config_json;    ///< the document as it was, byte for byte
  std::int64_t pulled_at = 0; ///< unix seconds
  digest parent{};            ///< what it was committed from, here; empty: not known
};

/// A name that a namespace gives to an image.
struct image_name {
  std::string ns;
  reference name;  ///< with a tag, or with a digest alone
  digest id;       ///< the image
  digest manifest; ///< what the name resolved to (RepoDigests)
};

} // namespace gantry
