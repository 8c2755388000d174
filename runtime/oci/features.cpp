#include "runtime/oci/features.hpp"

#include <simdjson.h>

namespace gantry::oci {

bool joins_users(std::string_view features_json) {
  simdjson::dom::parser parser;
  const simdjson::padded_string text(features_json);
  simdjson::dom::array namespaces;
  if (parser.parse(text)["linux"]["namespaces"].get(namespaces) != simdjson::SUCCESS) return false;
  for (const auto one : namespaces)
    if (std::string_view name; one.get(name) == simdjson::SUCCESS && name == "user") return true;
  return false;
}

} // namespace gantry::oci
