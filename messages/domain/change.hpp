#pragma once

#include <variant>

#include "messages/domain/records.hpp"

namespace gantry::store {

/// What a put does when the record is there, or is not. An update that may race with a removal says `require`, so that
/// it cannot bring the record back.
enum class when_there : std::uint8_t {
  replace, ///< insert, or replace
  refuse,  ///< insert; already_exists when it is there
  require, ///< replace; not_found when it is not there
};

/// Erasing what is not there succeeds: a removal that is repeated after a crash must.
/// Each put fails with already_exists when a unique name is taken by another, naming that one.

struct put_container {
  container_record record; ///< display_name is unique in its namespace; empty ones are not compared
  when_there mode = when_there::replace;
};
/// The state of a container that has a record, and nothing else of it: what changes with its life. not_found when there
/// is no record: a change that comes after the removal does not bring it back.
struct put_container_state {
  key name;
  container_state state;
};
struct erase_container {
  key name;
};
struct put_sandbox {
  sandbox_record record;
  when_there mode = when_there::replace;
};
struct erase_sandbox {
  key name;
};
struct put_pod {
  pod_record record;
  when_there mode = when_there::replace;
};
struct erase_pod {
  key name;
};
/// The image and the names that lead to it, at once. A name that led to another image is moved.
struct put_image {
  image record;
  std::vector<image_name> names;
};
/// failed_precondition when a name leads to it, or a container was made of it unless `users` allows that.
struct erase_image {
  enum class in_use : std::uint8_t { refuse, allow };
  digest id;
  in_use users = in_use::refuse;
};
/// not_found when its image has no record.
struct put_image_name {
  image_name name;
};
struct erase_image_name {
  std::string ns;
  reference name;
};
/// already_exists when another folder has the same key: two pulls extracted one layer, the second discards its own.
struct put_layer {
  layer_record record;
};
struct erase_layer {
  std::uint64_t folder = 0;
};
struct put_snapshot {
  snapshot_record record;
};
struct erase_snapshot {
  std::uint64_t number = 0;
};
struct put_volume {
  volume_record record;
  when_there mode = when_there::replace;
};
struct erase_volume {
  std::string ns, name;
};
struct put_network {
  network_record record;
};
struct erase_network {
  key name;
};
struct put_lease {
  lease record;
};
/// All that the lease covers.
struct erase_lease {
  std::string id;
};

/// One change to the records, made whole or not at all.
using change =
    std::variant<put_container, put_container_state, erase_container, put_sandbox, erase_sandbox, put_pod, erase_pod,
                 put_image, erase_image, put_image_name, erase_image_name, put_layer, erase_layer, put_snapshot,
                 erase_snapshot, put_volume, erase_volume, put_network, erase_network, put_lease, erase_lease>;

/// True for a change that only takes records away.
bool is_erasure(const change& c);

} // namespace gantry::store
