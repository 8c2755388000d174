#include "actors/random_id.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>

namespace gantry {
namespace {

std::string random_hex() {
  std::array<unsigned char, 32> raw{};
  while (::getrandom(raw.data(), raw.size(), 0) != static_cast<ssize_t>(raw.size())) {
  }
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(raw.size() * 2);
  for (auto byte : raw) text.append({digits[byte >> 4], digits[byte & 15]});
  return text;
}

} // namespace

std::string random_id() {
  for (;;) {
    auto id = random_hex();
    if (!std::all_of(id.begin(), id.begin() + 12, [](char c) { return c >= '0' && c <= '9'; })) return id;
  }
}

} // namespace gantry
