#include "api/docker/parse/image_changes.hpp"

#include <algorithm>
#include <charconv>

#include "api/docker/parse/parts.hpp"
#include "messages/domain/quote.hpp"

namespace gantry::docker {
namespace {

using words = std::vector<std::string>;
using pairs = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t max_line = 64u << 10;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

/// Words as a Dockerfile has them: quotes hold spaces, a backslash what follows it.
result<words> split_words(std::string_view text) {
  words found;
  std::string word;
  char quoted_by = 0;
  bool any = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (quoted_by == 0 && is_space(c)) {
      if (std::exchange(any, false)) found.push_back(std::exchange(word, {}));
      continue;
    }
    any = true;
    if (c == quoted_by)
      quoted_by = 0;
    else if (quoted_by == 0 && (c == '"' || c == '\''))
      quoted_by = c;
    else if (c == '\\' && quoted_by != '\'' && i + 1 < text.size())
      word += text[++i];
    else
      word += c;
  }
  if (quoted_by != 0) return fail(errc::invalid_argument, "a quote is not closed");
  if (any) found.push_back(std::move(word));
  return found;
}

/// ["a", "b"]; none when the text is not of that form.
std::optional<words> json_list(std::string_view text) {
  simdjson::dom::parser parser;
  simdjson::dom::array list;
  if (!text.starts_with('[') || parser.parse(text.data(), text.size()).get(list) != simdjson::SUCCESS)
    return std::nullopt;
  words found;
  for (auto one : list) {
    std::string_view word;
    if (one.get(word) != simdjson::SUCCESS || word.find('\0') != std::string_view::npos) return std::nullopt;
    found.emplace_back(word);
  }
  return found;
}

words command(std::string_view text) {
  if (auto list = json_list(text)) return *list;
  return {"/bin/sh", "-c", std::string(text)};
}

/// NAME=value NAME=value, or NAME and the rest of the line.
result<pairs> assignments(std::string_view text) {
  GANTRY_LET(auto list, split_words(text));
  pairs found;
  if (list.empty()) return fail(errc::invalid_argument, "it needs NAME=value");
  if (list.front().find('=') == std::string::npos) {
    auto rest = trimmed(text.substr(std::min(text.find_first_of(" \t"), text.size())));
    if (rest.empty()) return fail(errc::invalid_argument, "{} has no value", quote(list.front()));
    found.emplace_back(list.front(), rest);
    return found;
  }
  for (const auto& word : list) {
    auto at = word.find('=');
    if (at == std::string::npos || at == 0) return fail(errc::invalid_argument, "{} is not NAME=value", quote(word));
    found.emplace_back(word.substr(0, at), word.substr(at + 1));
  }
  return found;
}

result<std::string> port_of(const std::string& word) {
  auto slash = word.find('/');
  auto number = word.substr(0, slash), protocol = slash == std::string::npos ? "tcp" : word.substr(slash + 1);
  std::uint16_t port = 0;
  auto [end, failure] = std::from_chars(number.data(), number.data() + number.size(), port);
  bool known = protocol == "tcp" || protocol == "udp" || protocol == "sctp";
  if (failure != std::errc() || end != number.data() + number.size() || port == 0 || !known)
    return fail(errc::invalid_argument, "{} is no port: write 80, 80/udp", quote(word));
  return number + "/" + protocol;
}

result<std::string> one_word(std::string_view text) {
  if (text.empty() || text.find_first_of(" \t") != std::string_view::npos)
    return fail(errc::invalid_argument, "it needs exactly one argument");
  return std::string(text);
}

/// Go's "1h2m3.5s", without fractions, and "500ms".
result<std::chrono::nanoseconds> duration(std::string_view text) {
  static constexpr std::pair<std::string_view, std::int64_t> units[] = {
      {"ms", 1'000'000},        {"us", 1000},          {"ns", 1},
      {"h", 3'600'000'000'000}, {"m", 60'000'000'000}, {"s", 1'000'000'000}};
  std::int64_t sum = 0;
  for (auto left = text; !left.empty() || text.empty();) {
    std::uint32_t number = 0;
    auto [end, failure] = std::from_chars(left.data(), left.data() + left.size(), number);
    left.remove_prefix(static_cast<std::size_t>(end - left.data()));
    const auto* unit =
        std::find_if(std::begin(units), std::end(units), [&](const auto& u) { return left.starts_with(u.first); });
    if (failure != std::errc() || unit == std::end(units) || number > 1'000'000)
      return fail(errc::invalid_argument, "{} is no duration: write 30s, 1m30s", quote(text));
    sum += number * unit->second;
    left.remove_prefix(unit->first.size());
  }
  return std::chrono::nanoseconds(sum);
}

result<void> health_flag(std::string_view flag, healthcheck& into) {
  auto at = flag.find('=');
  auto name = flag.substr(0, at), value = at == std::string_view::npos ? std::string_view() : flag.substr(at + 1);
  if (name == "--retries") {
    auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), into.retries);
    if (failure == std::errc() && end == value.data() + value.size() && into.retries > 0) return {};
    return fail(errc::invalid_argument, "{} is no number of retries", quote(value));
  }
  auto* field = name == "--interval"       ? &into.interval
                : name == "--timeout"      ? &into.timeout
                : name == "--start-period" ? &into.start_period
                                           : nullptr;
  if (field == nullptr) return fail(errc::invalid_argument, "{} is not supported", quote(flag));
  GANTRY_LET(*field, duration(value));
  return {};
}

result<healthcheck> health(std::string_view text) {
  healthcheck made;
  while (text.starts_with("--")) {
    auto end = std::min(text.find_first_of(" \t"), text.size());
    GANTRY_TRY(health_flag(text.substr(0, end), made));
    text = trimmed(text.substr(end));
  }
  if (text == "NONE") {
    made.test = {"NONE"};
    return made;
  }
  if (!text.starts_with("CMD ")) return fail(errc::invalid_argument, "it needs NONE, or CMD and a command");
  text = trimmed(text.substr(4));
  made.test = json_list(text).value_or(words{std::string(text)});
  made.test.insert(made.test.begin(), json_list(text) ? "CMD" : "CMD-SHELL");
  return made;
}

result<void> read_names(std::string_view instruction, std::string_view text, image_changes& into) {
  if (instruction == "VOLUME") {
    if (auto list = json_list(text))
      into.volumes.insert(into.volumes.end(), list->begin(), list->end());
    else {
      GANTRY_LET(auto paths, split_words(text));
      into.volumes.insert(into.volumes.end(), paths.begin(), paths.end());
    }
    return {};
  }
  GANTRY_LET(auto ports, split_words(text));
  for (const auto& word : ports) {
    GANTRY_LET(auto port, port_of(word));
    into.exposed_ports.push_back(std::move(port));
  }
  return {};
}

result<void> read_pairs(std::string_view instruction, std::string_view text, image_changes& into) {
  GANTRY_LET(auto list, assignments(text));
  for (auto& [name, value] : list) {
    if (instruction == "ENV")
      into.env.push_back(fmt::format("{}={}", name, value));
    else
      into.labels[name] = value;
  }
  return {};
}

result<void> read(std::string_view instruction, std::string_view text, image_changes& into) {
  if (text.empty()) return fail(errc::invalid_argument, "it has no arguments");
  if (instruction == "CMD")
    into.cmd = command(text);
  else if (instruction == "ENTRYPOINT")
    into.entrypoint = command(text);
  else if (instruction == "ONBUILD")
    into.on_build.emplace_back(text);
  else if (instruction == "ENV" || instruction == "LABEL")
    return read_pairs(instruction, text, into);
  else if (instruction == "EXPOSE" || instruction == "VOLUME")
    return read_names(instruction, text, into);
  else if (instruction == "HEALTHCHECK") {
    GANTRY_LET(into.health, health(text));
  } else if (instruction == "USER") {
    GANTRY_LET(into.user, one_word(text));
  } else if (instruction == "WORKDIR") {
    into.working_dir = std::string(text);
  } else if (instruction == "STOPSIGNAL") {
    GANTRY_LET(into.stop_signal, one_word(text));
  } else {
    return fail(errc::invalid_argument, "it cannot be used here: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, "
                                        "ONBUILD, STOPSIGNAL, USER, VOLUME and WORKDIR can");
  }
  return {};
}

} // namespace

result<image_changes> parse_image_changes(std::span<const std::string> lines) {
  image_changes made;
  for (const auto& text : lines) {
    auto line = trimmed(text);
    if (line.size() > max_line || line.find_first_of(std::string_view("\n\0", 2)) != std::string_view::npos)
      return fail(errc::invalid_argument, "changes: write one instruction of one line each, of at most {} bytes",
                  max_line);
    auto end = std::min(line.find_first_of(" \t"), line.size());
    std::string instruction(line.substr(0, end));
    for (auto& c : instruction)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
    auto done = read(instruction, trimmed(line.substr(end)), made);
    if (!done) return within(done.error(), "changes: {}", quote(instruction));
  }
  return made;
}

} // namespace gantry::docker
