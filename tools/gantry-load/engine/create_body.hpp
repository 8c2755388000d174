#pragma once

#include <string>

#include "tools/gantry-load/line/settings.hpp"

namespace gantry::load {

/// The label that each container of a run has; its value is the run's id.
inline constexpr const char* run_label = "gantry-load";

/// The body of POST /containers/create (Engine API v1.41, "ContainerCreate"): only what was asked for is in HostConfig,
/// so that each engine's own defaults stay.
std::string create_body(const settings& asked, const std::vector<std::string>& cmd, const std::string& run_id);

/// The body of POST /containers/ID/exec: output attached, so that its end is the exec's.
std::string exec_body(const settings& asked);

} // namespace gantry::load
