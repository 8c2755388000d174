#include <yaml-cpp/yaml.h>

#include <array>
#include <charconv>

#include "runtime/cdi/document.hpp"

namespace gantry::cdi {
namespace {

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  for (const auto one : words)
    if (text == one) return true;
  return false;
}

std::optional<std::int64_t> parse(std::string_view digits, int base) {
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  if (digits.empty() || problem != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

/// 10, -3, 0x1f, 0o640, and 0640 too: an octal number to those who write modes, and to YAML 1.1.
std::optional<std::int64_t> whole_number(std::string_view text) {
  if (text.starts_with('+')) return parse(text.substr(1), 10);
  if (text.starts_with("0x")) return parse(text.substr(2), 16);
  if (text.starts_with("0o")) return parse(text.substr(2), 8);
  if (text.size() > 1 && text.starts_with('0')) return parse(text.substr(1), 8);
  return parse(text, 10);
}

/// YAML's core schema: what is not in quotes is null, a truth value or a number where it looks like one.
value scalar_of(const YAML::Node& from) {
  value made;
  made.text = from.Scalar();
  made.is = value::kind::text;
  if (from.Tag() != "?") return made; // in quotes, or with a tag
  if (made.text.empty() || is_one_of(made.text, {"~", "null", "Null", "NULL"})) return {};
  made.plain = true;
  made.number = whole_number(made.text);
  if (made.number) made.is = value::kind::number;
  if (is_one_of(made.text, {"true", "True", "TRUE", "false", "False", "FALSE"})) made.is = value::kind::boolean;
  return made;
}

/// Aliases are nodes that are there several times, and counted as often.
class converter {
public:
  result<value> convert(const YAML::Node& from, std::size_t depth) {
    if (++count_ > max_values || depth > max_depth)
      return fail(errc::exhausted, "it has more than {} values, or more than {} of them one in another", max_values,
                  max_depth);
    if (from.IsMap()) return map_of(from, depth);
    if (from.IsSequence()) return list_of(from, depth);
    return from.IsScalar() ? scalar_of(from) : value();
  }

private:
  result<value> map_of(const YAML::Node& from, std::size_t depth) {
    value made;
    made.is = value::kind::map;
    for (const auto& entry : from) {
      if (!entry.first.IsScalar()) return fail(errc::corrupt, "a key that is no word");
      GANTRY_LET(auto member, convert(entry.second, depth + 1));
      made.members.emplace_back(entry.first.Scalar(), std::move(member));
    }
    return made;
  }

  result<value> list_of(const YAML::Node& from, std::size_t depth) {
    value made;
    made.is = value::kind::list;
    for (const auto& entry : from) {
      GANTRY_LET(auto item, convert(entry, depth + 1));
      made.items.push_back(std::move(item));
    }
    return made;
  }

  std::size_t count_ = 0;
};

} // namespace

result<value> read_yaml(std::string_view text) {
  try { // yaml-cpp throws on each error of syntax, with the line in its text
    return converter().convert(YAML::Load(std::string(text)), 0);
  } catch (const std::exception& broken) {
    return fail(errc::corrupt, "it is not YAML: {}", broken.what());
  }
}

} // namespace gantry::cdi
