#pragma once

#include "messages/domain/error.hpp"

namespace gantry::sys {

/// Brings "lo" up in the calling thread's network namespace (netdevice(7)). Errors: the errno's.
result<void> bring_loopback_up();

} // namespace gantry::sys
