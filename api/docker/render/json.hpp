#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace gantry::docker {

/// Documents keep the order in which dockerd writes their fields: people read and compare them.
using json = nlohmann::ordered_json;

/// As text. Bytes that are not UTF-8 (a command line, a label) become U+FFFD.
inline std::string dump(const json& document) { return document.dump(-1, ' ', false, json::error_handler_t::replace); }

/// A Go slice or map that nothing was put into is written as null.
template<class Container>
json or_null(const Container& from) {
  return from.empty() ? json(nullptr) : json(from);
}

/// An object even when empty: ordered_json makes null of an empty std::map otherwise.
template<class Map>
json object_of(const Map& from) {
  json made = json::object();
  for (const auto& [name, value] : from) made[name] = value;
  return made;
}

/// Names as Go's map[string]struct{} writes them: {"80/tcp":{}}; null when there are none.
inline json set_of(const std::vector<std::string>& names) {
  if (names.empty()) return nullptr;
  json made = json::object();
  for (const auto& name : names) made[name] = json::object();
  return made;
}

} // namespace gantry::docker
