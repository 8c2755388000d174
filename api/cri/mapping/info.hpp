#pragma once

#include <algorithm>
#include <string>

#include <nlohmann/json.hpp>

namespace gantry::cri {

/// A value of the `info` maps that verbose requests ask for. gRPC's strings are UTF-8: other bytes become U+FFFD.
inline std::string info_text(const nlohmann::json& from) {
  return from.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// A text that others wrote, as gRPC's strings must be.
inline std::string utf8(const std::string& text) {
  auto is_ascii = [](char one) { return static_cast<unsigned char>(one) < 0x80; };
  if (std::all_of(text.begin(), text.end(), is_ascii)) return text;
  return nlohmann::json::parse(info_text(nlohmann::json(text))).get<std::string>();
}

} // namespace gantry::cri
