#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gantry::cri::spdy {

/// Numbers as SPDY writes them: most significant byte first.
inline void append_u16(std::string& out, std::uint32_t value) {
  out.push_back(static_cast<char>((value >> 8U) & 0xFFU));
  out.push_back(static_cast<char>(value & 0xFFU));
}
inline void append_u32(std::string& out, std::uint32_t value) {
  append_u16(out, value >> 16U);
  append_u16(out, value & 0xFFFFU);
}
inline void append_counted(std::string& out, std::string_view text) {
  append_u32(out, static_cast<std::uint32_t>(text.size()));
  out += text;
}

/// The number at `at`; the caller has seen that `bytes` holds all 4 of its bytes.
inline std::uint32_t u32_at(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (char c : bytes.substr(at, 4)) value = (value << 8U) | static_cast<unsigned char>(c);
  return value;
}

} // namespace gantry::cri::spdy
