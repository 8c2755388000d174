#include "api/docker/parse/filters.hpp"

#include <algorithm>

#include "api/docker/parse/parts.hpp"

namespace gantry::docker {
namespace {

result<void> read_values(std::string_view name, simdjson::dom::element from, std::set<std::string>& into) {
  simdjson::dom::array list;
  simdjson::dom::object map;
  if (from.get(list) == simdjson::SUCCESS) {
    GANTRY_LET(auto strings, parts::strings_of(list, name));
    into.insert(strings.begin(), strings.end());
    return {};
  }
  if (from.get(map) != simdjson::SUCCESS) return fail(errc::invalid_argument, "invalid filter '{}'", name);
  for (auto [value, on] : map) {
    bool wanted = false;
    if (on.get(wanted) != simdjson::SUCCESS) return fail(errc::invalid_argument, "invalid filter '{}'", name);
    if (wanted) into.emplace(value);
  }
  return {};
}

bool has_label(const std::map<std::string, std::string>& labels, const std::string& asked) {
  auto equals = asked.find('=');
  auto found = labels.find(asked.substr(0, equals));
  return found != labels.end() && (equals == std::string::npos || found->second == asked.substr(equals + 1));
}

} // namespace

result<filters> filters::parse(std::string_view text) {
  filters parsed;
  if (text.empty()) return parsed;
  simdjson::dom::parser parser;
  auto top = parse_object(parser, text);
  if (!top) return fail(errc::invalid_argument, "invalid filters: {}", top.error().message);
  for (auto [name, values] : *top) GANTRY_TRY(read_values(name, values, parsed.values_[std::string(name)]));
  std::erase_if(parsed.values_, [](const auto& entry) { return entry.second.empty(); });
  return parsed;
}

result<void> filters::check(std::initializer_list<std::string_view> known) const {
  for (const auto& [name, values] : values_)
    if (std::find(known.begin(), known.end(), name) == known.end())
      return fail(errc::invalid_argument, "invalid filter '{}'", name);
  return {};
}

const std::set<std::string>& filters::of(const std::string& name) const {
  static const std::set<std::string> none;
  auto found = values_.find(name);
  return found == values_.end() ? none : found->second;
}

bool filters::allows(const std::string& name, const std::string& value) const {
  return !has(name) || of(name).contains(value);
}

bool filters::allows_part(const std::string& name, std::string_view value) const {
  if (!has(name)) return true;
  const auto& asked = of(name);
  return std::any_of(asked.begin(), asked.end(),
                     [&](const std::string& one) { return value.find(one) != std::string_view::npos; });
}

bool filters::allows_labels(const std::map<std::string, std::string>& labels) const {
  auto there = [&](const std::string& one) { return has_label(labels, one); };
  const auto &wanted = of("label"), &unwanted = of("label!");
  return std::all_of(wanted.begin(), wanted.end(), there) && std::none_of(unwanted.begin(), unwanted.end(), there);
}

result<bool> filters::flag(const std::string& name, bool absent) const {
  if (!has(name)) return absent;
  const auto& values = of(name);
  auto one = values.size() == 1 ? *values.begin() : std::string();
  if (one == "true" || one == "1" || one == "t" || one == "T" || one == "TRUE" || one == "True") return true;
  if (one == "false" || one == "0" || one == "f" || one == "F" || one == "FALSE" || one == "False") return false;
  return fail(errc::invalid_argument, "invalid filter '{}={}': write true or false", name, one);
}

} // namespace gantry::docker
