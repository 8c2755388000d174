#include "runtime/network/cni/document.hpp"

namespace gantry::network::cni {
namespace {

constexpr int max_depth = 64;

} // namespace

std::optional<json> parse_document(std::string_view text) {
  bool deep = false;
  auto parsed = json::parse(
      text.begin(), text.end(),
      [&deep](int depth, json::parse_event_t, const json&) {
        deep = deep || depth > max_depth;
        return !deep;
      },
      false);
  if (deep || !parsed.is_object()) return std::nullopt;
  return parsed;
}

std::string text_of(const json& document) { return document.dump(-1, ' ', false, json::error_handler_t::replace); }

std::string text_at(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

} // namespace gantry::network::cni
