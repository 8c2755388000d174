#pragma once

#include <string>
#include <vector>

namespace gantry::sys {

/// The null-terminated array that execve(2) takes, pointing into `strings`, which have to outlive it.
inline std::vector<char*> pointers_to(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (const auto& string : strings) out.push_back(const_cast<char*>(string.c_str())); // execve(2) does not write
  out.push_back(nullptr);
  return out;
}

} // namespace gantry::sys
