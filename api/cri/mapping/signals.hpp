#pragma once

#include <string>

#include "api/cri/cri.pb.h"
#include "messages/domain/error.hpp"

namespace gantry::cri {

namespace v1 = ::runtime::v1;

/// "SIGTERM", "SIGRTMIN+3"; empty for the default. Errors: invalid_argument.
result<std::string> parse_signal(v1::Signal from);
/// Of a name with or without SIG; the default for what the CRI has no number for.
v1::Signal render_signal(std::string name);

} // namespace gantry::cri
