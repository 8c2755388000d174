#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/error.hpp"

namespace gantry::store {

/// `name` for a message: bytes that are not printable ASCII as \xNN, cut after 200 bytes.
std::string printable(std::string_view name);

/// What a name in a layer asks for (image-spec layer.md, "Whiteouts").
enum class name_role : std::uint8_t {
  entry,    ///< itself
  whiteout, ///< hides `leaf` of the parents
  opaque,   ///< hides all that the parents have in the folder
  ignored,  ///< bookkeeping of the aufs driver, which old engines packed (.wh..wh.plnk and the like)
};

/// A name taken apart: no empty, "." or ".." component is left. The root itself has no folder and no leaf.
struct entry_name {
  std::vector<std::string> folder; ///< components of the parent folder
  std::string leaf;                ///< last component; for a whiteout the name that it hides
  name_role role = name_role::entry;

  [[nodiscard]] bool is_root() const { return folder.empty() && leaf.empty(); }
};

/// Components of a tar name. Leading slashes are stripped as tar does. Refused (corrupt): "..", an empty name, more
/// than 4,095 bytes, a component over 255 bytes, more than `max_depth` components.
result<std::vector<std::string>> split_name(std::string_view name, std::size_t max_depth);

/// Parses an entry's name. Refused (corrupt), besides the above: a whiteout of nothing, of "." or "..", other names
/// with the reserved prefix ".wh..wh.", and entries inside a folder whose name is a whiteout's.
result<entry_name> parse_entry_name(std::string_view name, std::size_t max_depth);

/// The components of `path` but empty ones and ".".
std::vector<std::string> components(std::string_view path);

/// Components joined by '/'.
std::string join(const std::vector<std::string>& parts);

/// `folder`/`leaf`, where an empty folder is the root.
std::string join(const std::string& folder, std::string_view leaf);

} // namespace gantry::store
