#pragma once

#include <memory>

#include "messages/container_supervisor.hpp"
#include "messages/metrics.hpp"
#include "messages/sandbox_supervisor.hpp"

namespace gantry {

/// Takes a display name for a container that is being made; an empty one asks for a name made up ("brave_lovelace").
struct claim_name {
  key name;
  std::string display_name;
  container_supervisor_actor container;
  sandbox_supervisor_actor sandbox;
};
struct claimed {
  std::string display_name;
};
/// Gives a container another name in one step.
struct change_name {
  key name;
  std::string display_name;
};
/// A container found again at the engine's start, or whose actors were made anew after a failure.
struct restore_container {
  container_view view;
  container_supervisor_actor container;
  sandbox_supervisor_actor sandbox;
};
/// The container is gone; its name and id are free.
struct release_name {
  key name;
};

/// By full id, display name (with or without a leading slash) or a prefix of an id that only one has.
struct find_container {
  std::string ns, name;
};
struct found_container {
  key name;
  container_supervisor_actor container;
  sandbox_supervisor_actor sandbox;
  container_view view; ///< empty while it is being created
};

struct list_containers {
  std::string ns;
};
/// A table that nobody changes any more: readers share it.
struct container_table {
  std::vector<container_view> rows;                     ///< newest first
  std::vector<std::vector<network_endpoint>> endpoints; ///< of the same row's sandbox
  std::vector<container_view> by_id;                    ///< the same rows, by id
};
using container_table_ptr = std::shared_ptr<const container_table>;

/// What its supervisor says of a container after each change.
struct container_changed {
  container_view view;
};
struct endpoint_changed {
  key sandbox;
  std::vector<network_endpoint> endpoints;
};

struct register_exec {
  std::string exec_id;
  key container;
};
/// Its process has ended: it can be found still.
struct exec_ended {
  std::string exec_id;
};
struct forget_exec {
  std::string exec_id;
};
struct find_exec {
  std::string ns, exec_id;
};

/// The exec sessions of a container that have not ended.
struct list_execs {
  key container;
};
struct exec_list {
  std::vector<std::string> exec_ids;
};

/// catalog: names, id prefixes and the table of all containers, from which every list is answered.
using catalog_actor = caf::typed_actor<
    // already_exists, in Docker's words
    replies_to<claim_name>::with<claimed>, replies_to<change_name>::with<claimed>, reacts_to<release_name>,
    replies_to<restore_container>::with<done>,
    // not_found; invalid_argument when a prefix fits several
    replies_to<find_container>::with<found_container>, replies_to<list_containers>::with<container_table_ptr>,
    reacts_to<container_changed>, reacts_to<endpoint_changed>, reacts_to<register_exec>, reacts_to<exec_ended>,
    reacts_to<forget_exec>, replies_to<find_exec>::with<found_container>, replies_to<list_execs>::with<exec_list>,
    replies_to<read_metrics>::with<metrics>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::claim_name)
GANTRY_MESSAGE(gantry::claimed)
GANTRY_MESSAGE(gantry::change_name)
GANTRY_MESSAGE(gantry::release_name)
GANTRY_MESSAGE(gantry::restore_container)
GANTRY_MESSAGE(gantry::find_container)
GANTRY_MESSAGE(gantry::found_container)
GANTRY_MESSAGE(gantry::list_containers)
GANTRY_MESSAGE(gantry::container_table_ptr)
GANTRY_MESSAGE(gantry::container_changed)
GANTRY_MESSAGE(gantry::endpoint_changed)
GANTRY_MESSAGE(gantry::register_exec)
GANTRY_MESSAGE(gantry::exec_ended)
GANTRY_MESSAGE(gantry::forget_exec)
GANTRY_MESSAGE(gantry::find_exec)
GANTRY_MESSAGE(gantry::list_execs)
GANTRY_MESSAGE(gantry::exec_list)
