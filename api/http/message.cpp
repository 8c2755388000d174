#include "api/http/message.hpp"

#include <algorithm>
#include <charconv>

#include "messages/domain/quote.hpp"

namespace gantry::http {
namespace {

constexpr std::size_t max_parameters = 256;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return out;
}

} // namespace

result<std::string> unescape(std::string_view text, plus_sign plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus == plus_sign::space) {
      out.push_back(' ');
    } else if (text[i] != '%') {
      out.push_back(text[i]);
    } else {
      auto high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1,
           low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) return fail(errc::invalid_argument, "invalid URL escape in {}", quote(text));
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  // A NUL would end the text early wherever it meets the kernel.
  if (out.find('\0') != std::string::npos) return fail(errc::invalid_argument, "NUL in {}", quote(text));
  return out;
}

result<query> query::parse(std::string_view text) {
  query parsed;
  while (!text.empty()) {
    auto part = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    if (part.empty()) continue;
    if (parsed.values_.size() == max_parameters)
      return fail(errc::invalid_argument, "more than {} query parameters", max_parameters);
    auto equals = part.find('=');
    auto name_text = part.substr(0, equals);
    auto value_text = equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1);
    GANTRY_LET(auto name, unescape(name_text, plus_sign::space));
    GANTRY_LET(auto value, unescape(value_text, plus_sign::space));
    parsed.values_.emplace_back(std::move(name), std::move(value));
  }
  return parsed;
}

bool query::has(std::string_view name) const {
  return std::any_of(values_.begin(), values_.end(), [&](const auto& v) { return v.first == name; });
}

std::string query::get(std::string_view name) const {
  for (const auto& [key, value] : values_)
    if (key == name) return value;
  return {};
}

std::vector<std::string> query::all(std::string_view name) const {
  std::vector<std::string> found;
  for (const auto& [key, value] : values_)
    if (key == name) found.push_back(value);
  return found;
}

bool query::flag(std::string_view name, bool absent) const {
  if (!has(name)) return absent;
  auto value = lower(get(name));
  value.erase(0, value.find_first_not_of(' '));
  return !(value.empty() || value == "0" || value == "no" || value == "false" || value == "none");
}

result<std::optional<std::int64_t>> query::number(std::string_view name) const {
  auto text = get(name);
  if (text.empty()) return std::optional<std::int64_t>();
  std::int64_t value = 0;
  auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size())
    return fail(errc::invalid_argument, "{}={}: not a whole number", name, quote(text));
  return std::optional<std::int64_t>(value);
}

std::string request::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (lower(key) == lower(name)) return value;
  return {};
}

std::string_view reason_of(int status) {
  switch (status) {
  case 100:
    return "Continue";
  case 101:
    return "UPGRADED"; // dockerd's own word
  case 200:
    return "OK";
  case 201:
    return "Created";
  case 204:
    return "No Content";
  case 304:
    return "Not Modified";
  case 400:
    return "Bad Request";
  case 401:
    return "Unauthorized";
  case 403:
    return "Forbidden";
  case 404:
    return "Not Found";
  case 405:
    return "Method Not Allowed";
  case 408:
    return "Request Timeout";
  case 409:
    return "Conflict";
  case 413:
    return "Request Entity Too Large";
  case 429:
    return "Too Many Requests";
  case 431:
    return "Request Header Fields Too Large";
  case 499:
    return "Client Closed Request";
  case 501:
    return "Not Implemented";
  case 503:
    return "Service Unavailable";
  case 504:
    return "Gateway Timeout";
  default:
    return "Internal Server Error";
  }
}

std::string render_head(const response& what, const header_list& always, framing how, bool keep_alive, int http_minor) {
  auto head = fmt::format("HTTP/1.{} {} {}\r\n", http_minor, what.status, reason_of(what.status));
  auto add = [&head](std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
  };
  if (!what.content_type.empty()) add("Content-Type", what.content_type);
  for (const auto& [name, value] : always) add(name, value);
  for (const auto& [name, value] : what.headers) add(name, value);
  if (how == framing::length) add("Content-Length", std::to_string(what.body.size()));
  if (how == framing::chunked) add("Transfer-Encoding", "chunked");
  if (what.status != 101 && how != framing::until_close) {
    if (!keep_alive)
      add("Connection", "close");
    else if (http_minor == 0)
      add("Connection", "keep-alive");
  }
  return head + "\r\n";
}

} // namespace gantry::http
