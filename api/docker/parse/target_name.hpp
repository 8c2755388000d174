#pragma once

#include "api/docker/http.hpp"
#include "messages/domain/reference.hpp"

namespace gantry::docker {

/// The name that an image gets, from `repo` and `tag`; none when there is no repo. Errors: invalid_argument.
result<std::optional<reference>> target_name(const query& from);

} // namespace gantry::docker
