#include "runtime/oci/error_text.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include "runtime/sys/go_words.hpp"

namespace gantry::oci {
namespace {

constexpr std::size_t max_text = 4096;

/// In runc's words where those of others are known: crun's "executable file `x` not found in $PATH", and "open
/// executable" for what is a folder or may not be executed.
std::string in_known_words(std::string_view text) {
  constexpr std::string_view named = "executable file `", missing = "` not found in $PATH",
                             refused = "open executable: ";
  const auto from = text.find(named), to = text.find(missing);
  if (from != std::string_view::npos && to != std::string_view::npos && from < to)
    return fmt::format("exec: \"{}\": executable file not found in $PATH",
                       text.substr(from + named.size(), to - from - named.size()));
  if (text.starts_with(refused)) return fmt::format("exec: permission denied: {}", text);
  return sys::in_go_words(std::string(text));
}

std::string bounded(std::string_view text) { return in_known_words(text.substr(0, max_text)).substr(0, max_text); }

/// The message of a line of the log when it is an error's, else "".
std::string message_of(simdjson::dom::parser& parser, std::string_view line) {
  simdjson::dom::element document;
  std::string_view level, message;
  if (parser.parse(line.data(), line.size()).get(document) != simdjson::SUCCESS) return {};
  if (document["level"].get(level) != simdjson::SUCCESS || document["msg"].get(message) != simdjson::SUCCESS) return {};
  return level == "error" || level == "fatal" ? bounded(message) : std::string();
}

std::string_view take_last_line(std::string_view& text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  auto at = text.rfind('\n');
  auto line = at == std::string_view::npos ? text : text.substr(at + 1);
  text = at == std::string_view::npos ? std::string_view() : text.substr(0, at);
  return line;
}

} // namespace

std::string error_text(std::string_view log, std::string_view printed) {
  simdjson::dom::parser parser;
  while (!log.empty())
    if (auto message = message_of(parser, take_last_line(log)); !message.empty()) return message;
  return bounded(take_last_line(printed));
}

} // namespace gantry::oci
