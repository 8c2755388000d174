#pragma once

#include "api/docker/reply.hpp"
#include "api/docker/router.hpp"

/// Every endpoint, by the file that holds it. Each has the signature of `endpoint`; the comment is its operation in the
/// Docker Engine API where the name alone does not say it.
namespace gantry::docker::endpoints {

#define GANTRY_ENDPOINT(name) awaitable<result<response>> name(context& door, const request& what, exchange& on)

// system.cpp
GANTRY_ENDPOINT(ping);
GANTRY_ENDPOINT(version);
GANTRY_ENDPOINT(info);
GANTRY_ENDPOINT(auth);
GANTRY_ENDPOINT(disk_usage);
// events.cpp
GANTRY_ENDPOINT(events);
// pull.cpp
GANTRY_ENDPOINT(image_create);
// images.cpp
GANTRY_ENDPOINT(image_list);
GANTRY_ENDPOINT(image_inspect);
GANTRY_ENDPOINT(image_history);
GANTRY_ENDPOINT(image_tag);
GANTRY_ENDPOINT(image_delete);
// image_archives.cpp
GANTRY_ENDPOINT(image_save);
GANTRY_ENDPOINT(image_load);
GANTRY_ENDPOINT(image_import);
// distribution.cpp
GANTRY_ENDPOINT(distribution_inspect);
// push.cpp
GANTRY_ENDPOINT(image_push);
// commit.cpp
GANTRY_ENDPOINT(container_commit);
GANTRY_ENDPOINT(container_changes);
// containers.cpp
GANTRY_ENDPOINT(container_create);
GANTRY_ENDPOINT(container_list);
GANTRY_ENDPOINT(container_inspect);
// container_life.cpp
GANTRY_ENDPOINT(container_start);
GANTRY_ENDPOINT(container_stop);
GANTRY_ENDPOINT(container_restart);
GANTRY_ENDPOINT(container_kill);
GANTRY_ENDPOINT(container_pause);
GANTRY_ENDPOINT(container_unpause);
GANTRY_ENDPOINT(container_rename);
GANTRY_ENDPOINT(container_delete);
GANTRY_ENDPOINT(container_resize);
GANTRY_ENDPOINT(container_update);
// wait.cpp
GANTRY_ENDPOINT(container_wait);
// logs.cpp
GANTRY_ENDPOINT(container_logs);
// attach.cpp
GANTRY_ENDPOINT(container_attach);
GANTRY_ENDPOINT(container_attach_websocket);
// archive.cpp
GANTRY_ENDPOINT(container_archive_head);
GANTRY_ENDPOINT(container_archive_get);
GANTRY_ENDPOINT(container_archive_put);
GANTRY_ENDPOINT(container_export);
// processes.cpp
GANTRY_ENDPOINT(container_top);
GANTRY_ENDPOINT(container_stats);
// exec.cpp
GANTRY_ENDPOINT(exec_create);
GANTRY_ENDPOINT(exec_start);
GANTRY_ENDPOINT(exec_inspect);
GANTRY_ENDPOINT(exec_resize);
// volumes.cpp
GANTRY_ENDPOINT(volume_list);
GANTRY_ENDPOINT(volume_create);
GANTRY_ENDPOINT(volume_inspect);
GANTRY_ENDPOINT(volume_delete);
// networks.cpp
GANTRY_ENDPOINT(network_list);
GANTRY_ENDPOINT(network_inspect);
GANTRY_ENDPOINT(network_create);
GANTRY_ENDPOINT(network_delete);
GANTRY_ENDPOINT(network_connect);
GANTRY_ENDPOINT(network_disconnect);
// prune.cpp
GANTRY_ENDPOINT(container_prune);
GANTRY_ENDPOINT(image_prune);
GANTRY_ENDPOINT(volume_prune);
GANTRY_ENDPOINT(network_prune);
GANTRY_ENDPOINT(build_prune);
// gantry.cpp: Gantry's own
GANTRY_ENDPOINT(spec);
GANTRY_ENDPOINT(activity);
// refused.cpp: what an engine of one host does not do
GANTRY_ENDPOINT(no_swarm);
GANTRY_ENDPOINT(no_plugins);
GANTRY_ENDPOINT(no_such_plugin);
GANTRY_ENDPOINT(no_build);
GANTRY_ENDPOINT(not_implemented);

#undef GANTRY_ENDPOINT

} // namespace gantry::docker::endpoints
