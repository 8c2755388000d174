#pragma once

#include "tools/gantry/options/create_options.hpp"

namespace gantry::cli {

/// HostConfig of the body (Engine API v1.47), without Binds and PortBindings. Errors: invalid_argument, naming the
/// option.
result<json> host_config_of(const create_options& options, const surroundings& around);

} // namespace gantry::cli
