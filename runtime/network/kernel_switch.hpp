#pragma once

#include <string>

#include "messages/domain/error.hpp"

namespace gantry::network {

/// Switches of the calling thread's network namespace below /proc/sys/net, by their path from there:
/// "ipv4/ip_forward". All block on procfs alone.
bool is_on(const std::string& name); ///< one that is not there is not
/// Errors: the errno's code; not_found for one that is not there. Nothing is written where it is so already.
result<void> turn(const std::string& name, bool on);
/// What is no switch is set as one writes it. Errors: the errno's code; not_found; invalid_argument for what the kernel
/// does not take.
result<void> set(const std::string& name, const std::string& value);

} // namespace gantry::network
