#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gantry::store {

/// The names of folders in <root>/layers, snapshots and volumes (store/README.md, "Layout"): "7" is whole, ".new-7"
/// being made, ".gone-7-<random>" being deleted.
struct folder_name {
  enum class state : std::uint8_t { foreign, whole, made, gone };
  state now = state::foreign; ///< foreign: not of this form
  std::uint64_t number = 0;   ///< 0 for a foreign one, and for what a volume left

  static folder_name parse(std::string_view name);
};

/// A positive decimal number of at most 18 digits without leading zeros.
std::optional<std::uint64_t> parse_number(std::string_view text);

/// The name under which a thing waits for its deletion: ".gone-<name>-<16 hex digits>"; never given twice.
std::string gone_name(std::string_view name);

} // namespace gantry::store
