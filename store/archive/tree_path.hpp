#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gantry::store {

/// A path in a container's root as a user wrote it, cleaned by its letters alone, as dockerd does before it looks:
/// absolute, without "." and "..", but with the "/" or "/." at its end that says that a link there is followed.
std::string clean_path(std::string_view path);

/// What the last part of a clean path is called: "/" for the root, "." for "x/.".
std::string base_name(std::string_view clean);

/// An archive's name without "." and "..", relative: "" is the archive's own top. None where it leads out of that.
std::optional<std::string> clean_entry_name(std::string_view name);

/// `folder`/`name`; either may be empty, or end or begin with a slash.
std::string join_path(std::string_view folder, std::string_view name);

} // namespace gantry::store
