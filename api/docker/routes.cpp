#include "api/docker/endpoints/endpoints.hpp"

namespace gantry::docker {
namespace {

using namespace endpoints;

constexpr route table[] = {
    {"GET", "/_ping", ping},
    {"HEAD", "/_ping", ping},
    {"GET", "/version", version},
    {"GET", "/info", info},
    {"GET", "/events", events},
    {"POST", "/auth", auth},
    {"GET", "/system/df", disk_usage},

    {"POST", "/images/create", image_create, body_is::streamed},
    {"GET", "/images/json", image_list},
    {"GET", "/images/search", not_implemented},
    {"GET", "/images/get", image_save},
    {"POST", "/images/load", image_load, body_is::streamed},
    {"POST", "/images/prune", image_prune},
    {"GET", "/images/*/json", image_inspect},
    {"GET", "/images/*/history", image_history},
    {"GET", "/images/*/get", image_save},
    {"POST", "/images/*/tag", image_tag},
    {"POST", "/images/*/push", image_push},
    {"DELETE", "/images/*", image_delete},
    {"POST", "/commit", container_commit},
    {"POST", "/build", no_build},
    {"POST", "/build/prune", build_prune},
    {"POST", "/build/cancel", no_build},
    {"POST", "/session", no_build},

    {"POST", "/containers/create", container_create},
    {"GET", "/containers/json", container_list},
    {"POST", "/containers/prune", container_prune},
    {"GET", "/containers/*/json", container_inspect},
    {"GET", "/containers/*/top", container_top},
    {"GET", "/containers/*/logs", container_logs},
    {"GET", "/containers/*/stats", container_stats},
    {"GET", "/containers/*/changes", container_changes},
    {"GET", "/containers/*/export", container_export},
    {"HEAD", "/containers/*/archive", container_archive_head},
    {"GET", "/containers/*/archive", container_archive_get},
    {"PUT", "/containers/*/archive", container_archive_put, body_is::streamed},
    {"GET", "/containers/*/attach/ws", container_attach_websocket},
    {"POST", "/containers/*/start", container_start},
    {"POST", "/containers/*/stop", container_stop},
    {"POST", "/containers/*/restart", container_restart},
    {"POST", "/containers/*/kill", container_kill},
    {"POST", "/containers/*/pause", container_pause},
    {"POST", "/containers/*/unpause", container_unpause},
    {"POST", "/containers/*/rename", container_rename},
    {"POST", "/containers/*/wait", container_wait},
    {"POST", "/containers/*/resize", container_resize},
    {"POST", "/containers/*/attach", container_attach},
    {"POST", "/containers/*/update", container_update},
    {"POST", "/containers/*/exec", exec_create},
    {"DELETE", "/containers/*", container_delete},
    {"POST", "/exec/*/start", exec_start},
    {"POST", "/exec/*/resize", exec_resize},
    {"GET", "/exec/*/json", exec_inspect},

    {"GET", "/volumes", volume_list},
    {"POST", "/volumes/create", volume_create},
    {"POST", "/volumes/prune", volume_prune},
    {"GET", "/volumes/*", volume_inspect},
    {"DELETE", "/volumes/*", volume_delete},

    {"GET", "/networks", network_list},
    {"POST", "/networks/create", network_create},
    {"POST", "/networks/prune", network_prune},
    {"GET", "/networks/*", network_inspect},
    {"DELETE", "/networks/*", network_delete},
    {"POST", "/networks/*/connect", network_connect},
    {"POST", "/networks/*/disconnect", network_disconnect},

    {"GET", "/plugins", no_plugins},
    {"GET", "/plugins/*/json", no_such_plugin},
    {"GET", "/swarm", no_swarm},
    {"POST", "/swarm/init", no_swarm},
    {"POST", "/swarm/join", no_swarm},
    {"POST", "/swarm/leave", no_swarm},
    {"POST", "/swarm/update", no_swarm},
    {"GET", "/swarm/unlockkey", no_swarm},
    {"GET", "/nodes", no_swarm},
    {"GET", "/nodes/*", no_swarm},
    {"GET", "/services", no_swarm},
    {"GET", "/services/*", no_swarm},
    {"POST", "/services/create", no_swarm},
    {"GET", "/tasks", no_swarm},
    {"GET", "/tasks/*", no_swarm},
    {"GET", "/secrets", no_swarm},
    {"GET", "/secrets/*", no_swarm},
    {"POST", "/secrets/create", no_swarm},
    {"GET", "/configs", no_swarm},
    {"GET", "/configs/*", no_swarm},
    {"POST", "/configs/create", no_swarm},

    {"POST", "/gantry/spec", spec},
    {"GET", "/gantry/activity", activity},
};

} // namespace

std::span<const route> routes() { return table; }

} // namespace gantry::docker
