#pragma once

#include "api/docker/context.hpp"
#include "messages/network.hpp"

namespace gantry::docker::endpoints {

/// The bridge network that a request names, by name, id or the beginning of one. Errors: not_found in dockerd's words.
awaitable<result<network_info>> find_network_named(context& door, std::string name);

} // namespace gantry::docker::endpoints
