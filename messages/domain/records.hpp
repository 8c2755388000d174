#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "messages/domain/container.hpp"
#include "messages/domain/image.hpp"
#include "messages/domain/pod.hpp"

namespace gantry::store {

/// One extracted layer, <root>/layers/<folder>. A layer that could be extracted by itself is keyed by its diffID and
/// shared by all; one that depends on its parents by its chainID (OCI image-spec config.md, "Layer ChainID").
struct layer_record {
  std::uint64_t folder = 0;
  digest id;               ///< diffID or chainID
  std::uint64_t bytes = 0; ///< on disk

  friend bool operator==(const layer_record&, const layer_record&) = default;
};

/// A writable layer, <root>/snapshots/<number>. A volatile one is mounted without syncs and only reused after a clean
/// unmount in the same boot.
struct snapshot_record {
  enum class durability : std::uint8_t { durable, volatile_upper };
  std::uint64_t number = 0;
  key owner; ///< the container
  durability kind = durability::durable;

  friend bool operator==(const snapshot_record&, const snapshot_record&) = default;
};

/// A network's definition (messages/domain/network.hpp); its JSON is opaque here.
struct network_record {
  key name;
  std::string json;

  friend bool operator==(const network_record&, const network_record&) = default;
};

/// Keeps content from the sweep that no record refers to yet: a pull or creation under way. One lease (`id`) may cover
/// many things.
struct lease {
  enum class kind : std::uint8_t { blob, layer, snapshot, container, volume };
  std::string id;
  kind type = kind::blob;
  std::string what;       ///< digest, number, "<ns>/<id>" or volume name, by `type`; a layer by digest or number
  unix_nanos expires = 0; ///< 0: held until it is erased

  friend bool operator==(const lease&, const lease&) = default;
};

/// A row that could not be read.
struct record_problem {
  std::string table, row; ///< row: its key as text
  error cause;
};

/// All records, as they are at one moment.
struct everything {
  std::vector<container_record> containers;
  std::vector<sandbox_record> sandboxes;
  std::vector<pod_record> pods;
  std::vector<image> images;
  std::vector<image_name> names;
  std::vector<layer_record> layers;
  std::vector<snapshot_record> snapshots;
  std::vector<volume_record> volumes;
  std::vector<network_record> networks;
  std::vector<lease> leases;
  std::vector<record_problem> problems;
};

} // namespace gantry::store
