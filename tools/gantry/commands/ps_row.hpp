#pragma once

#include <string>

#include "tools/gantry/commands/common.hpp"

namespace gantry::cli {

/// The published and exposed ports of an element of /containers/json, as docker shows them: "0.0.0.0:80->80/tcp,
/// 443/tcp". Neighbouring ports of one address are shown as a range.
std::string shown_ports(const json& ports);

/// A line of `ps`.
json ps_row(const json& container, const list_options& how, std::int64_t now);

} // namespace gantry::cli
