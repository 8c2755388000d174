#pragma once

#include "api/docker/endpoints/find.hpp"
#include "api/docker/render/container.hpp"
#include "messages/images.hpp"

/// Bytes on disk, which are measured when somebody asks: trees are walked for it.
namespace gantry::docker::endpoints {

/// By container's id: what it has written. One that is not in it has written nothing that lasts.
awaitable<result<std::map<std::string, std::uint64_t>>> written_by(context& door, std::vector<container_view> of);

/// By mountpoint: what lies in a volume.
awaitable<result<std::map<std::string, std::uint64_t>>> sizes_of(context& door, const std::vector<volume_info>& of);

/// By container's id, what `size=1` shows.
awaitable<result<std::map<std::string, container_sizes>>> container_sizes_of(context& door,
                                                                             std::vector<container_view> of);

} // namespace gantry::docker::endpoints
