#include "runtime/log/json_line.hpp"

#include <simdjson.h>

#include <charconv>
#include <ctime>
#include <map>

namespace gantry::log {
namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr char hex_digits[] = "0123456789abcdef";

/// Length of the UTF-8 character at the start of `text`, 0 when there is none (Unicode, table 3-7: no overlong forms,
/// no surrogates, nothing over U+10FFFF).
std::size_t utf8_length(std::string_view text) {
  auto byte = [text](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  auto follows = [&byte](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  auto first = byte(0), next = byte(1);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    bool good = follows(1) && follows(2) && !(first == 0xE0 && next < 0xA0) && !(first == 0xED && next > 0x9F);
    return good ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    bool good =
        follows(1) && follows(2) && follows(3) && !(first == 0xF0 && next < 0x90) && !(first == 0xF4 && next > 0x8F);
    return good ? 4 : 0;
  }
  return 0;
}

void append_escaped_ascii(std::string& out, char c) {
  switch (c) {
  case '"':
    out += "\\\"";
    return;
  case '\\':
    out += "\\\\";
    return;
  case '\n':
    out += "\\n";
    return;
  case '\r':
    out += "\\r";
    return;
  default:
    break;
  }
  auto value = static_cast<unsigned char>(c);
  // <, > and & as Docker (Go's encoding/json) writes them.
  if (value >= 0x20 && c != '<' && c != '>' && c != '&') return out.push_back(c);
  out += "\\u00";
  out.push_back(hex_digits[value >> 4U]);
  out.push_back(hex_digits[value & 0xFU]);
}

void append_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    auto length = utf8_length(text);
    if (length == 1)
      append_escaped_ascii(out, text.front());
    else if (length == 0)
      out += "\\ufffd";
    else if (text.starts_with("\xE2\x80\xA8"))
      out += "\\u2028";
    else if (text.starts_with("\xE2\x80\xA9"))
      out += "\\u2029";
    else
      out.append(text.substr(0, length));
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

/// Takes `digits` digits off the front of `text`.
bool take_number(std::string_view& text, std::size_t digits, int& value) {
  if (text.size() < digits) return false;
  auto end = text.data() + digits;
  auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc{} || parsed.ptr != end || text.front() == '-') return false;
  text.remove_prefix(digits);
  return true;
}

bool take_char(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

std::int64_t take_fraction(std::string_view& text) {
  if (!take_char(text, ".,")) return 0;
  std::int64_t nanos = 0, unit = second / 10;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    nanos += (text.front() - '0') * unit;
    unit /= 10;
    text.remove_prefix(1);
  }
  return nanos;
}

/// "Z" or "+hh:mm", in seconds east of UTC.
std::optional<std::int64_t> take_zone(std::string_view& text) {
  if (take_char(text, "Zz")) return 0;
  if (text.empty()) return std::nullopt;
  auto sign = text.front() == '-' ? -1 : 1;
  int hours = 0, minutes = 0;
  if (!take_char(text, "+-") || !take_number(text, 2, hours) || !take_char(text, ":") || !take_number(text, 2, minutes))
    return std::nullopt;
  return sign * (hours * 3600L + minutes * 60L);
}

void append_query_word(std::string& out, std::string_view text) {
  for (const char c : text) {
    const auto value = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '.' || c == '~';
    if (plain || c == ' ')
      out.push_back(c == ' ' ? '+' : c);
    else
      out.append({'%', "0123456789ABCDEF"[value >> 4U], "0123456789ABCDEF"[value & 0xFU]});
  }
}

/// Sorted by name, as Docker shows them.
std::string details_of(simdjson::dom::element document) {
  simdjson::dom::object attributes;
  if (document["attrs"].get(attributes) != simdjson::SUCCESS) return {};
  std::map<std::string_view, std::string_view> sorted;
  for (auto [name, value] : attributes)
    if (std::string_view text; value.get(text) == simdjson::SUCCESS) sorted.emplace(name, text);
  std::string made;
  for (const auto& [name, value] : sorted) {
    if (!made.empty()) made += ',';
    append_query_word(made, name);
    made += '=';
    append_query_word(made, value);
  }
  return made;
}

} // namespace

std::string format_time(unix_nanos time) {
  auto seconds = static_cast<std::time_t>(time / second);
  auto nanos = time % second;
  if (nanos < 0) { // before 1970
    nanos += second;
    --seconds;
  }
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  auto text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                          utc.tm_hour, utc.tm_min, utc.tm_sec);
  if (nanos != 0) {
    text += fmt::format(".{:09}", nanos);
    while (text.back() == '0') text.pop_back();
  }
  return text + "Z";
}

std::optional<unix_nanos> parse_time(std::string_view text) {
  std::tm utc{};
  bool good = take_number(text, 4, utc.tm_year) && take_char(text, "-") && take_number(text, 2, utc.tm_mon) &&
              take_char(text, "-") && take_number(text, 2, utc.tm_mday) && take_char(text, "Tt ") &&
              take_number(text, 2, utc.tm_hour) && take_char(text, ":") && take_number(text, 2, utc.tm_min) &&
              take_char(text, ":") && take_number(text, 2, utc.tm_sec);
  if (!good) return std::nullopt;
  auto nanos = take_fraction(text);
  auto zone = take_zone(text);
  if (!zone || !text.empty()) return std::nullopt;
  utc.tm_year -= 1900;
  utc.tm_mon -= 1;
  auto seconds = static_cast<std::int64_t>(::timegm(&utc)) - *zone;
  // What nanoseconds in 64 bits can hold: 1677 to 2262.
  if (seconds > 9'223'372'035 || seconds < -9'223'372'035) return std::nullopt;
  return seconds * second + nanos;
}

void append_json_line(std::string& out, output from, unix_nanos time, std::string_view text,
                      std::string_view attributes) {
  out += "{\"log\":\"";
  append_escaped(out, text);
  out += from == output::out ? "\",\"stream\":\"stdout\"," : "\",\"stream\":\"stderr\",";
  out += attributes;
  out += "\"time\":\"";
  out += format_time(time);
  out += "\"}\n";
}

std::string json_attributes(const attribute_list& list) {
  if (list.empty()) return {};
  std::string made = "\"attrs\":{";
  for (const auto& [name, value] : list) {
    made += made.ends_with('{') ? "\"" : ",\"";
    append_escaped(made, name);
    made += "\":\"";
    append_escaped(made, value);
    made += "\"";
  }
  return made += "},";
}

std::optional<entry> parse_json_line(std::string_view line) {
  thread_local simdjson::dom::parser parser;
  simdjson::dom::element document;
  std::string_view text, stream, time;
  if (parser.parse(line.data(), line.size()).get(document) != simdjson::SUCCESS) return std::nullopt;
  if (document["log"].get(text) != simdjson::SUCCESS || document["stream"].get(stream) != simdjson::SUCCESS ||
      document["time"].get(time) != simdjson::SUCCESS)
    return std::nullopt;
  auto when = parse_time(time);
  if (!when) return std::nullopt;
  return entry{*when, stream == "stderr" ? output::err : output::out, std::string(text), details_of(document)};
}

} // namespace gantry::log
