#pragma once

#include <string>
#include <vector>

#include "tools/gantry/format/json.hpp"

namespace gantry::cli {

/// Go's truth: false, 0, "", nil and empty containers are not.
bool go_truth(const json& value);

/// As Go's fmt prints a value: strings bare, [a b], map[k:v] with sorted keys.
std::string go_text(const json& value);

/// Applies one of the functions that go_template names. Errors: invalid_argument for arguments of a wrong number or
/// kind.
result<json> call_template_function(const std::string& name, const std::vector<json>& arguments);

} // namespace gantry::cli
