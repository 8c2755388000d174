#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace gantry::network::cni {

/// The versions of the specification that the engine speaks, oldest first, so that they compare.
enum class spec_version : std::uint8_t { v0_1_0, v0_2_0, v0_3_0, v0_3_1, v0_4_0, v1_0_0, v1_1_0 };

/// None for one that the engine does not speak.
std::optional<spec_version> version_of(std::string_view text);
std::string_view to_string(spec_version version);

// What came with which version (SPEC.md, "Released versions").
inline constexpr auto first_with_check = spec_version::v0_4_0;    ///< CHECK; the add's result in DEL
inline constexpr auto first_with_status = spec_version::v1_1_0;   ///< STATUS
inline constexpr auto first_with_cleaning = spec_version::v1_1_0; ///< GC

} // namespace gantry::network::cni
