#pragma once

#include <string>
#include <string_view>

namespace gantry {

/// Text that a stranger wrote, fit for a message: in double quotes, at most `limit` characters of it, and "?" for
/// each byte that is not printable ASCII, so that it can neither steer a terminal nor break a JSON encoder.
inline std::string quote(std::string_view text, std::size_t limit = 200) {
  std::string safe = "\"";
  for (char c : text.substr(0, limit)) safe.push_back(c >= ' ' && c <= '~' ? c : '?');
  return safe + (text.size() > limit ? "...\"" : "\"");
}

} // namespace gantry
