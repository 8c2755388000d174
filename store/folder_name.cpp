#include "store/folder_name.hpp"

#include <sys/random.h>

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace gantry::store {

std::optional<std::uint64_t> parse_number(std::string_view text) {
  if (text.empty() || text.size() > 18 || text[0] == '0') return std::nullopt;
  std::uint64_t number = 0;
  auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (bad != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

folder_name folder_name::parse(std::string_view name) {
  auto now = state::whole;
  if (name.starts_with(".new-")) {
    now = state::made;
    name.remove_prefix(5);
  } else if (name.starts_with(".gone-")) {
    name.remove_prefix(6);
    return {state::gone, parse_number(name.substr(0, name.rfind('-'))).value_or(0)};
  }
  auto number = parse_number(name);
  return number ? folder_name{now, *number} : folder_name{};
}

std::string gone_name(std::string_view name) {
  std::uint64_t random = 0;
  // Up to 256 bytes of getrandom(2) are never cut short.
  [[maybe_unused]] auto got = ::getrandom(&random, sizeof random, 0);
  return fmt::format(".gone-{}-{:016x}", name.substr(0, 200), random);
}

} // namespace gantry::store
