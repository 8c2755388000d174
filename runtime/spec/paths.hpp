#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/error.hpp"

namespace gantry::spec {

/// An absolute path without ".", "..", doubled or trailing slashes, by its text alone (as Go's path.Clean).
std::string clean_path(std::string_view path);

/// How many components a cleaned path has: a mount over a folder comes before those within it.
std::size_t depth_of(std::string_view clean);

/// Refuses NUL bytes, which would cut a string short on its way to the kernel. `what` names the option.
result<void> check_text(std::string_view text, std::string_view what);
result<void> check_texts(const std::vector<std::string>& list, std::string_view what);

} // namespace gantry::spec
