#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::store {

/// One way to authenticate that a registry offers (RFC 9110, section 11.6.1).
struct challenge {
  std::string scheme;                            ///< lower case: "bearer", "basic"
  std::map<std::string, std::string> parameters; ///< names in lower case, values unquoted

  [[nodiscard]] std::string parameter(const std::string& name) const {
    auto found = parameters.find(name);
    return found == parameters.end() ? std::string() : found->second;
  }
  friend bool operator==(const challenge&, const challenge&) = default;
};

inline constexpr std::size_t max_challenges = 8; ///< of one answer, and of one header of it

/// The challenges of one WWW-Authenticate header; there may be several in it. What breaks the grammar ends the
/// parsing, and the challenges before it count. At most max_challenges of 16 parameters.
std::vector<challenge> parse_challenges(std::string_view header);

} // namespace gantry::store
