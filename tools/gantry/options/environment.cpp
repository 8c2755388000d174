#include <unistd.h>

#include <climits>
#include <cstdlib>

#include "runtime/sys/files.hpp"
#include "tools/gantry/options/syntax.hpp"

namespace gantry::cli {

surroundings surroundings::of_process() {
  surroundings around;
  around.variable = [](const std::string& name) -> std::optional<std::string> {
    const auto* value = std::getenv(name.c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
  };
  around.file = [](const std::string& path) { return sys::read_file(path, 4 << 20); };
  char here[PATH_MAX];
  around.folder = ::getcwd(here, sizeof here) ? here : "/";
  return around;
}

strings split_text(std::string_view text, char mark) {
  strings parts;
  for (;;) {
    auto end = text.find(mark);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::pair<std::string, std::string> cut(std::string_view text, char mark) {
  auto at = text.find(mark);
  if (at == std::string_view::npos) return {std::string(text), ""};
  return {std::string(text.substr(0, at)), std::string(text.substr(at + 1))};
}

namespace {

constexpr std::string_view line_blanks = " \t\r";

/// The lines of an env or label file that say something (docker: "Set environment variables", --env-file).
result<strings> lines_of(const std::string& path, const surroundings& around) {
  auto content = around.file(path);
  if (!content) return fail(errc::invalid_argument, "{}", content.error().message);
  std::string_view rest(*content);
  if (rest.starts_with("\xef\xbb\xbf")) rest.remove_prefix(3);
  strings lines;
  for (auto& line : split_text(rest, '\n')) {
    if (line.ends_with('\r')) line.pop_back();
    auto begin = line.find_first_not_of(line_blanks);
    if (begin == std::string::npos || line[begin] == '#') continue;
    lines.push_back(line.substr(begin));
  }
  return lines;
}

result<void> add_file(const std::string& path, const surroundings& around, strings& env) {
  GANTRY_LET(auto lines, lines_of(path, around));
  for (const auto& line : lines) {
    auto name = line.substr(0, line.find('='));
    if (name.empty()) return fail(errc::invalid_argument, "{}: the line \"{}\" has no name before its =", path, line);
    if (name.find_first_of(line_blanks) != std::string::npos)
      return fail(errc::invalid_argument, "{}: the variable \"{}\" has a blank in its name", path, name);
    if (name.size() < line.size())
      env.push_back(line);
    else if (auto value = around.variable(name))
      env.push_back(name + "=" + *value);
  }
  return {};
}

} // namespace

result<strings> environment_of(const create_options& options, const surroundings& around) {
  strings env;
  for (const auto& path : options.env_files) GANTRY_TRY(add_file(path, around, env));
  for (const auto& given : options.env) {
    if (given.empty() || given[0] == '=')
      return fail(errc::invalid_argument, "-e \"{}\": write NAME=VALUE or NAME", given);
    auto value = given.find('=') == std::string::npos ? around.variable(given) : std::nullopt;
    env.push_back(value ? given + "=" + *value : given);
  }
  return env;
}

result<std::map<std::string, std::string>> labels_of(const strings& files, const strings& given,
                                                     const surroundings& around) {
  std::map<std::string, std::string> labels;
  for (const auto& path : files) {
    GANTRY_LET(auto lines, lines_of(path, around));
    for (const auto& line : lines) {
      auto [key, value] = cut(line, '=');
      labels[key] = value;
    }
  }
  for (const auto& label : given) {
    auto [key, value] = cut(label, '=');
    if (key.empty()) return fail(errc::invalid_argument, "--label \"{}\": write KEY=VALUE", label);
    labels[key] = value;
  }
  return labels;
}

result<std::map<std::string, std::string>> pairs_of(std::string_view option, const strings& given) {
  std::map<std::string, std::string> pairs;
  for (const auto& each : given) {
    auto [key, value] = cut(each, '=');
    if (key.empty() || each.find('=') == std::string::npos)
      return fail(errc::invalid_argument, "{} \"{}\": write KEY=VALUE", option, each);
    pairs[key] = value;
  }
  return pairs;
}

} // namespace gantry::cli
