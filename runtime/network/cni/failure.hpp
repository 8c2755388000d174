#pragma once

#include <string_view>

#include "runtime/monitor/protocol/messages.hpp"

namespace gantry::network {

/// A plugin's failure as an error of ours: its {code, msg, details} from stdout, else its stderr (SPEC.md, "Error").
/// exhausted when the subnet has no address left; unavailable when STATUS says that no attachment can be made.
error cni_failure(std::string_view plugin, const monitor::process_result& reply);

} // namespace gantry::network
