#include "runtime/native/main/arguments.hpp"

#include <algorithm>

namespace gantry::oci_program {

bool arguments::has(std::string_view name) const {
  const auto found = options.find(name);
  return found != options.end() && found->second.back() != "false";
}

std::string arguments::value(std::string_view name) const {
  const auto found = options.find(name);
  return found == options.end() ? std::string() : found->second.back();
}

std::vector<std::string> arguments::values(std::string_view name) const {
  const auto found = options.find(name);
  return found == options.end() ? std::vector<std::string>() : found->second;
}

result<arguments> parse_arguments(const std::vector<std::string>& words, const std::vector<option_spec>& known) {
  arguments given;
  std::size_t at = 0;
  for (; at < words.size() && words[at].size() > 1 && words[at].front() == '-'; ++at) {
    if (words[at] == "--") {
      ++at;
      break;
    }
    auto name = words[at].substr(words[at].starts_with("--") ? 2 : 1);
    const auto equals = name.find('=');
    auto value = equals == std::string::npos ? std::string() : name.substr(equals + 1);
    name = name.substr(0, equals);
    const auto spec = std::find_if(known.begin(), known.end(), [&](const option_spec& one) {
      return one.name == name || (!one.letter.empty() && one.letter == name);
    });
    if (spec == known.end()) return fail(errc::invalid_argument, "flag provided but not defined: -{}", name);
    if (spec->takes_value && equals == std::string::npos) {
      if (++at == words.size()) return fail(errc::invalid_argument, "flag needs an argument: -{}", name);
      value = words[at];
    }
    given.options[std::string(spec->name)].push_back(std::move(value));
  }
  given.rest.assign(words.begin() + static_cast<std::ptrdiff_t>(std::min(at, words.size())), words.end());
  return given;
}

} // namespace gantry::oci_program
