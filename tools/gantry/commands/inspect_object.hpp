#pragma once

#include <string>
#include <vector>

#include "tools/gantry/commands/common.hpp"

namespace gantry::cli {

/// A kind of object and where the API describes one: "container" at /containers/<name>/json.
struct object_kind {
  std::string_view name;
  std::string_view before, after; ///< of the name in the path
};

/// Prints what `kinds` say of each operand (the first kind that has it), by docker's inspect: one JSON list, or a
/// template a line.
result<int> inspect_objects(context& with, const operands& given, std::span<const object_kind> kinds,
                            const std::string& format, bool sizes);

inline constexpr object_kind container_kind{"container", "/containers/", "/json"},
    image_kind{"image", "/images/", "/json"}, volume_kind{"volume", "/volumes/", ""},
    network_kind{"network", "/networks/", ""};

} // namespace gantry::cli
