#pragma once

#include <algorithm>
#include <string>

namespace gantry::store {

inline char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Names in headers and hosts are compared so, whatever the locale (RFC 9110, section 5.1).
inline std::string lowered(std::string_view text) {
  std::string low(text);
  std::transform(low.begin(), low.end(), low.begin(), lower);
  return low;
}

} // namespace gantry::store
