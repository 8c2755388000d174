#pragma once

#include <simdjson.h>

#include "messages/domain/network.hpp"

/// Bodies of the network endpoints, and how containers are to be on networks. Pure. Errors: invalid_argument, naming
/// what cannot be honoured; not_found for a driver that there is none of.
namespace gantry::docker {

/// POST /networks/create, without its id.
result<network_definition> parse_network_body(std::string_view json);

/// POST /networks/{id}/connect and disconnect.
struct connect_body {
  std::string container;
  endpoint_options how; ///< `network` is left open
  bool force = false;
};
result<connect_body> parse_connect_body(std::string_view json);

/// EndpointSettings, as a user asks for one; `network` as it is written. What a client shows again of an answer of ours
/// (addresses, ids) is no wish.
result<endpoint_options> parse_endpoint_settings(std::string_view network, simdjson::dom::object settings);

/// Puts network_mode's network first, where a container may be on several; refuses what no network has.
result<void> settle_networks(container_options& options);

} // namespace gantry::docker
