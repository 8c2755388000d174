#pragma once

#include <optional>
#include <string>

#include "messages/domain/error.hpp"

namespace gantry::cli {

/// An operand of cp: CONTAINER:PATH, or a path of this host; "-" is a tar archive on stdin or stdout.
struct copy_end {
  std::string container; ///< empty: of this host
  std::string path;
  [[nodiscard]] bool is_stream() const { return container.empty() && path == "-"; }
};

/// What begins with "/" or "." is a path of this host, whatever colons are in it (docker cp).
copy_end parse_copy_end(const std::string& text);

/// What stands at the one or other end.
enum class path_kind : std::uint8_t { nothing, file, folder };

/// Where a copy goes: the folder to unpack into, and what the top of the archive is called there; empty: there is no
/// top, the source's content alone is copied.
struct copy_place {
  std::string folder, top;
  friend bool operator==(const copy_place&, const copy_place&) = default;
};

/// cp -a's rules, as docker cp has them (reference of `docker cp`, "Extended description"). Errors: invalid_argument.
result<copy_place> place_copy(const std::string& source, bool source_is_folder, const std::string& target,
                              path_kind there);

} // namespace gantry::cli
