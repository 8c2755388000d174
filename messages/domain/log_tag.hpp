#pragma once

#include <string>
#include <string_view>

#include "messages/domain/container.hpp"

/// The `tag` of a container's log: a text in which some of Docker's templates stand ("Log tags"). Pure.
namespace gantry {

/// Errors: invalid_argument for a template that is not known here, with those that are.
result<void> check_log_tag(std::string_view tag);

/// The tag of this container; checked before.
std::string expand_log_tag(std::string_view tag, const container_record& of);

} // namespace gantry
