#pragma once

#include <set>
#include <string_view>

#include "api/docker/render/json.hpp"
#include "messages/domain/error.hpp"

namespace gantry::docker {

/// What ps(1) printed of all processes, as GET /containers/{id}/top shows it: the rows of these pids alone. Pure.
/// Errors: invalid_argument when no column is named PID.
result<json> ps_table(std::string_view printed, const std::set<int>& pids);

/// The arguments of `ps_args`. Errors: invalid_argument for more than there can be use for.
result<std::vector<std::string>> ps_arguments(std::string_view text);

} // namespace gantry::docker
