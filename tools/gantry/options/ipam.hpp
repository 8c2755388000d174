#pragma once

#include <string>

#include "tools/gantry/options/syntax.hpp"

namespace gantry::cli {

/// The addresses of a network that is to be made, as the user wrote them.
struct ipam_options {
  strings subnets, ranges, gateways; ///< "10.0.0.0/24", "10.0.0.128/25", "10.0.0.1"
  strings auxiliary;                 ///< "NAME=ADDRESS"
};

/// IPAM.Config of POST /networks/create: each range, gateway and address goes to the subnet that it lies in. Pure.
/// Errors: invalid_argument, in docker's words.
result<json> ipam_config(const ipam_options& options);

} // namespace gantry::cli
