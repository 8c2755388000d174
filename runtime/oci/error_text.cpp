#include "runtime/oci/error_text.hpp"

#include <simdjson.h>

namespace gantry::oci {
namespace {

constexpr std::size_t max_text = 4096;

std::string bounded(std::string_view text) { return std::string(text.substr(0, max_text)); }

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
