#include "store/registry/error_body.hpp"

#include <simdjson.h>

#include <fmt/format.h>

namespace gantry::store {

namespace {

namespace dom = simdjson::dom;
constexpr std::size_t shown = 300;

std::string_view text_of(dom::element in, const char* name) {
  std::string_view text;
  return in[name].get(text) == simdjson::SUCCESS ? text : std::string_view();
}

std::string describe_json(dom::element root) {
  dom::element first;
  if (root["errors"].at(0).get(first) == simdjson::SUCCESS) {
    auto code = text_of(first, "code");
    auto message = text_of(first, "message");
    if (message.empty() || code.empty()) return std::string(message.empty() ? code : message);
    return fmt::format("{} ({})", message, code);
  }
  for (const auto* name : {"details", "error_description", "message", "error"})
    if (auto text = text_of(root, name); !text.empty()) return std::string(text);
  return {};
}

} // namespace

std::string printable(std::string_view text, std::size_t limit) {
  std::string line;
  for (char c : text.substr(0, limit)) line += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  while (line.ends_with(' ')) line.pop_back();
  if (text.size() > limit) line += "...";
  return line;
}

std::string describe_error_body(std::string_view body) {
  dom::parser parser;
  dom::element root;
  if (parser.parse(body.data(), body.size()).get(root) == simdjson::SUCCESS)
    return printable(describe_json(root), shown);
  if (body.find('<') != std::string_view::npos) return {}; // a proxy's HTML page helps nobody in one line
  return printable(body, shown);
}

} // namespace gantry::store
