#include "tools/gantry/format/json.hpp"

namespace gantry::cli {

result<json> parse_json(std::string_view content, std::string_view what) {
  auto document = json::parse(content, nullptr, false);
  if (document.is_discarded())
    return fail(errc::unavailable, "{}: the daemon's answer is not JSON: {}", what, content.substr(0, 200));
  return document;
}

std::string to_line(const json& document) { return document.dump(-1, ' ', false, json::error_handler_t::replace); }

std::string to_pretty(const json& document, int indent) {
  return document.dump(indent, ' ', false, json::error_handler_t::replace);
}

const json& at(const json& document, std::string_view path) {
  static const json nothing;
  const json* here = &document;
  while (!path.empty()) {
    auto dot = path.find('.');
    auto step = path.substr(0, dot);
    if (!here->is_object()) return nothing;
    auto found = here->find(std::string(step));
    if (found == here->end()) return nothing;
    here = &*found;
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  return *here;
}

std::string text(const json& document, std::string_view path) {
  const auto& value = at(document, path);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::int64_t number(const json& document, std::string_view path) {
  const auto& value = at(document, path);
  return value.is_number() ? value.get<std::int64_t>() : 0;
}

bool truth(const json& document, std::string_view path) {
  const auto& value = at(document, path);
  return value.is_boolean() && value.get<bool>();
}

} // namespace gantry::cli
