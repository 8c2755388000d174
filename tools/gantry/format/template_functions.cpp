#include "tools/gantry/format/template_functions.hpp"

#include <algorithm>
#include <cctype>
#include <map>

namespace gantry::cli {

bool go_truth(const json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number()) return value != 0;
  if (value.is_string()) return !value.get_ref<const std::string&>().empty();
  return !value.is_null() && !value.empty();
}

std::string go_text(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return "<no value>";
  std::string joined;
  if (value.is_array()) {
    for (const auto& item : value) joined += (joined.empty() ? "" : " ") + go_text(item);
    return "[" + joined + "]";
  }
  if (value.is_object()) {
    std::map<std::string, const json*> sorted;
    for (const auto& [key, item] : value.items()) sorted[key] = &item;
    for (const auto& [key, item] : sorted) joined += (joined.empty() ? "" : " ") + key + ":" + go_text(*item);
    return "map[" + joined + "]";
  }
  return to_line(value);
}

namespace {

using arguments_of = const std::vector<json>&;
using function = result<json> (*)(arguments_of);

template<class F>
std::string mapped(arguments_of a, F change) {
  auto text = go_text(a[0]);
  std::transform(text.begin(), text.end(), text.begin(), [&](unsigned char c) { return static_cast<char>(change(c)); });
  return text;
}

result<json> title(arguments_of a) {
  auto text = go_text(a[0]);
  bool first = true;
  for (auto& c : text) {
    if (first) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    first = std::isspace(static_cast<unsigned char>(c)) != 0;
  }
  return json(text);
}

result<json> join(arguments_of a) {
  std::string joined;
  if (!a[0].is_array()) return fail(errc::invalid_argument, "the template's join needs a list");
  for (std::size_t i = 0; i < a[0].size(); ++i) joined += (i ? go_text(a[1]) : "") + go_text(a[0][i]);
  return json(joined);
}

result<json> split(arguments_of a) {
  auto text = go_text(a[0]), mark = go_text(a[1]);
  json parts = json::array();
  if (mark.empty()) return fail(errc::invalid_argument, "the template's split needs a separator");
  std::size_t begin = 0;
  for (auto end = text.find(mark); end != std::string::npos; end = text.find(mark, begin)) {
    parts.push_back(text.substr(begin, end - begin));
    begin = end + mark.size();
  }
  parts.push_back(text.substr(begin));
  return parts;
}

result<json> truncate(arguments_of a) {
  if (!a[1].is_number_integer() || a[1].get<std::int64_t>() < 0)
    return fail(errc::invalid_argument, "the template's truncate needs a length");
  return json(go_text(a[0]).substr(0, a[1].get<std::size_t>()));
}

result<json> length(arguments_of a) {
  if (a[0].is_string()) return json(a[0].get_ref<const std::string&>().size());
  if (a[0].is_null()) return json(0);
  if (!a[0].is_structured())
    return fail(errc::invalid_argument, "the template's len needs a string, a list or an object");
  return json(a[0].size());
}

result<json> index(arguments_of a) {
  auto here = a[0];
  for (std::size_t i = 1; i < a.size(); ++i) {
    const auto& key = a[i];
    json next;
    if (here.is_array() && key.is_number_integer()) {
      auto at = key.get<std::int64_t>();
      if (at < 0 || static_cast<std::size_t>(at) >= here.size())
        return fail(errc::invalid_argument, "the template's index {} is outside of a list of {}", at, here.size());
      next = here[static_cast<std::size_t>(at)];
    } else if (here.is_object() && key.is_string()) {
      if (auto found = here.find(key.get<std::string>()); found != here.end())
        next = *found;
      else
        next = "";
    } else if (!here.is_null()) {
      return fail(errc::invalid_argument, "the template's index {} does not fit {}", to_line(key),
                  to_line(here).substr(0, 80));
    }
    here = std::move(next);
  }
  return here;
}

result<json> print(arguments_of a) {
  std::string text;
  for (const auto& value : a) text += go_text(value);
  return json(text);
}

result<json> println(arguments_of a) {
  std::string text;
  for (const auto& value : a) text += (text.empty() ? "" : " ") + go_text(value);
  return json(text + "\n");
}

result<json> equal(arguments_of a) { return json(std::find(a.begin() + 1, a.end(), a[0]) != a.end()); }

result<json> first_where(arguments_of a, bool truth) {
  for (const auto& value : a)
    if (go_truth(value) == truth) return value;
  return a.back();
}

struct table_entry {
  std::size_t least, most;
  function apply;
};

constexpr std::size_t many = 64;

const std::map<std::string, table_entry, std::less<>>& table() {
  static const std::map<std::string, table_entry, std::less<>> functions{
      {"json", {1, 1, [](arguments_of a) -> result<json> { return json(to_line(a[0])); }}},
      {"upper",
       {1, 1, [](arguments_of a) -> result<json> { return json(mapped(a, [](int c) { return std::toupper(c); })); }}},
      {"lower",
       {1, 1, [](arguments_of a) -> result<json> { return json(mapped(a, [](int c) { return std::tolower(c); })); }}},
      {"title", {1, 1, title}},
      {"join", {2, 2, join}},
      {"split", {2, 2, split}},
      {"truncate", {2, 2, truncate}},
      {"len", {1, 1, length}},
      {"index", {1, many, index}},
      {"print", {0, many, print}},
      {"println", {0, many, println}},
      {"eq", {2, many, equal}},
      {"ne", {2, 2, [](arguments_of a) -> result<json> { return json(a[0] != a[1]); }}},
      {"not", {1, 1, [](arguments_of a) -> result<json> { return json(!go_truth(a[0])); }}},
      {"and", {1, many, [](arguments_of a) { return first_where(a, false); }}},
      {"or", {1, many, [](arguments_of a) { return first_where(a, true); }}},
  };
  return functions;
}

} // namespace

result<json> call_template_function(const std::string& name, const std::vector<json>& arguments) {
  auto found = table().find(name);
  if (found == table().end()) return fail(errc::invalid_argument, "the template's function \"{}\" is not known", name);
  const auto& f = found->second;
  if (arguments.size() < f.least || arguments.size() > f.most)
    return fail(errc::invalid_argument, "the template's function {} does not take {} arguments", name,
                arguments.size());
  return f.apply(arguments);
}

} // namespace gantry::cli
