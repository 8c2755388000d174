#include "messages/domain/json_fields.hpp"

#include <algorithm>

namespace gantry {
namespace {

using simdjson::dom::element;

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return to_lower(x) == to_lower(y); });
}

bool take(element from, std::string& out) {
  std::string_view text;
  if (from.get(text) != simdjson::SUCCESS || text.find('\0') != std::string_view::npos) return false;
  out = text;
  return true;
}

} // namespace

result<simdjson::dom::object> parse_object(simdjson::dom::parser& parser, std::string_view json) {
  simdjson::dom::object top;
  element root;
  if (auto code = parser.parse(json.data(), json.size()).get(root))
    return fail(errc::corrupt, "not a JSON document: {}", simdjson::error_message(code));
  if (root.get(top) != simdjson::SUCCESS) return fail(errc::corrupt, "not a JSON object");
  return top;
}

void json_fields::set_error(std::string_view name, std::string_view expected) {
  if (!error_) error_ = error{errc::corrupt, fmt::format("\"{}\" is not {}", name, expected), 0};
}

result<void> json_fields::status() const {
  if (error_) return tl::unexpected<error>(*error_);
  return {};
}

std::optional<element> json_fields::find(std::string_view name) {
  std::optional<element> found;
  for (auto field : object_) {
    if (!same_name(field.key, name)) continue;
    if (found) set_error(name, "written once: a document with two of them reads differently elsewhere");
    found = field.value;
  }
  if (found && found->is_null()) found.reset();
  return found;
}

void json_fields::read(std::string_view name, std::string& out) {
  if (auto from = find(name); from && !take(*from, out)) set_error(name, "a string without NUL");
}

void json_fields::read(std::string_view name, bool& out) {
  if (auto from = find(name); from && from->get(out) != simdjson::SUCCESS) set_error(name, "true or false");
}

void json_fields::read(std::string_view name, std::uint64_t& out, std::uint64_t max) {
  auto from = find(name);
  if (!from) return;
  std::uint64_t number = 0;
  if (from->get(number) != simdjson::SUCCESS || number > max)
    return set_error(name, fmt::format("a whole number of 0 to {}", max));
  out = number;
}

void json_fields::read(std::string_view name, std::int64_t& out, std::int64_t min, std::int64_t max) {
  auto from = find(name);
  if (!from) return;
  std::int64_t number = 0;
  if (from->get(number) != simdjson::SUCCESS || number < min || number > max)
    return set_error(name, fmt::format("a whole number of {} to {}", min, max));
  out = number;
}

void json_fields::read(std::string_view name, std::vector<std::string>& out) {
  auto list = array(name);
  if (!list) return;
  out.clear();
  for (auto item : *list)
    if (!take(item, out.emplace_back())) return set_error(name, "a list of strings without NUL");
}

void json_fields::read_list_or_string(std::string_view name, std::vector<std::string>& out) {
  auto from = find(name);
  if (!from || !from->is_string()) return read(name, out);
  std::string only;
  if (!take(*from, only)) return set_error(name, "a string without NUL");
  out = {std::move(only)};
}

void json_fields::read(std::string_view name, std::map<std::string, std::string>& out) {
  auto entries = object(name);
  if (!entries) return;
  out.clear();
  for (auto [key, value] : *entries) {
    bool whole = key.find('\0') == std::string_view::npos;
    if (!whole || !take(value, out[std::string(key)])) return set_error(name, "an object of strings without NUL");
  }
}

void json_fields::read_names(std::string_view name, std::vector<std::string>& out) {
  auto entries = object(name);
  if (!entries) return;
  out.clear();
  for (auto [key, value] : *entries) {
    if (key.find('\0') != std::string_view::npos) return set_error(name, "an object whose names are without NUL");
    out.emplace_back(key);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
}

std::optional<simdjson::dom::object> json_fields::object(std::string_view name) {
  auto from = find(name);
  simdjson::dom::object value;
  if (!from) return std::nullopt;
  if (from->get(value) == simdjson::SUCCESS) return value;
  set_error(name, "an object");
  return std::nullopt;
}

std::optional<simdjson::dom::array> json_fields::array(std::string_view name) {
  auto from = find(name);
  simdjson::dom::array value;
  if (!from) return std::nullopt;
  if (from->get(value) == simdjson::SUCCESS) return value;
  set_error(name, "a list");
  return std::nullopt;
}

} // namespace gantry
