#pragma once

#include "api/docker/render/json.hpp"
#include "messages/domain/container.hpp"
#include "messages/domain/image.hpp"

/// A container in Docker's JSON. Pure.
namespace gantry::docker {

/// One row of GET /containers/json.
json container_summary(const container_record& of, const std::vector<network_endpoint>& endpoints, unix_nanos now);

/// GET /containers/{id}/json. `image` supplies what the user did not say; may be null when it is gone.
json container_inspect(const container_record& of, const std::vector<network_endpoint>& endpoints,
                       const image_config* image, const std::vector<std::string>& exec_ids = {});

/// Bytes, as `size=1` asks for them: what a container has written, and that and its image together.
struct container_sizes {
  std::uint64_t written = 0, image = 0;
};
/// SizeRw and SizeRootFs, in a summary or an inspection.
void add_sizes(json& to, const container_sizes& of);

json host_config(const container_options& of);
json network_settings(const container_record& of, const std::vector<network_endpoint>& endpoints);
/// The endpoints by network, as both lists and inspect show them.
json network_endpoints(const container_record& of, const std::vector<network_endpoint>& endpoints);
json mount_points(const std::vector<resolved_mount>& of);
json health_config(const healthcheck& of);

/// The id of a network that an endpoint is on: its own, or, of those that an engine always has, one fixed by the name.
std::string network_id(std::string_view network);
std::string endpoint_id(const key& sandbox, const network_endpoint& of);
/// Of all networks of a container; one at all addresses is one of each family that its network has.
std::vector<port_binding> published_ports(const std::vector<network_endpoint>& of);

} // namespace gantry::docker
