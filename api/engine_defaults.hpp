#pragma once

#include <memory>

#include "actors/admission.hpp"
#include "actors/engine_parts.hpp"
#include "actors/pod_network.hpp"
#include "api/engine.hpp"
#include "runtime/network/bridge.hpp"
#include "runtime/network/names_program.hpp"

namespace gantry {

/// What the options leave open, filled in from the host. Errors: unavailable when there is no OCI runtime, monitor
/// program or CNI plugin folder to be found, saying which package has it.
result<std::shared_ptr<engine_config>> complete(const engine_options& options);
network::bridge_network bridge_of(const engine_options& options);
/// The program that answers for names, and its folder.
network::names_place names_of(const engine_options& options);
cni_paths pod_networks_of(const engine_options& options);
admission_limits limits_of(const engine_options& options, std::uint32_t extractors);

} // namespace gantry
