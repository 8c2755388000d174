#pragma once

#include <optional>
#include <string_view>

/// Names of the kernel's capabilities (capabilities(7)).
namespace gantry::sys {

/// As many as have a name here: numbers 0 to capability_count - 1.
inline constexpr int capability_count = 41;

/// "CAP_CHOWN" of 0; empty for a number that is not known here.
std::string_view capability_name(int number);
/// 0 of "CAP_CHOWN", written so; nothing for a name that is not known here.
std::optional<int> capability_number(std::string_view name);

} // namespace gantry::sys
