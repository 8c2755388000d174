#pragma once

#include "tools/gantry/options/create_options.hpp"

namespace gantry::cli {

/// HostConfig of the body (Engine API v1.47), without Binds, PortBindings and NetworkMode. Errors: invalid_argument,
/// naming the option.
result<json> host_config_of(const create_options& options, const surroundings& around);

/// NetworkMode of `host`, and of `config` what is asked of each network. Errors: as above.
result<void> add_networks(const create_options& options, json& config, json& host);

} // namespace gantry::cli
