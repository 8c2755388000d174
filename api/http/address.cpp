#include "api/http/address.hpp"

#include <charconv>

#include "messages/domain/quote.hpp"

namespace gantry::http {
namespace {

constexpr std::string_view unix_scheme = "unix://", tcp_scheme = "tcp://";

result<address> parse_host_and_port(std::string_view rest, const std::string& text) {
  auto broken = [&] {
    return fail(errc::invalid_argument, "{}: write tcp://HOST:PORT, an IPv6 address in brackets", quote(text));
  };
  auto colon = rest.rfind(':');
  if (colon == std::string_view::npos) return broken();
  auto host = rest.substr(0, colon), port = rest.substr(colon + 1);
  address made;
  auto parsed = std::from_chars(port.data(), port.data() + port.size(), made.port);
  if (parsed.ec != std::errc{} || parsed.ptr != port.data() + port.size()) return broken();
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  else if (host.find_first_of(":[]/@ ") != std::string_view::npos)
    return broken();
  made.host = host;
  return made;
}

} // namespace

result<address> parse_address(const std::string& text) {
  if (text.starts_with(tcp_scheme)) return parse_host_and_port(std::string_view(text).substr(tcp_scheme.size()), text);
  auto path = text.starts_with(unix_scheme) ? text.substr(unix_scheme.size()) : text;
  if (!path.starts_with('/'))
    return fail(errc::invalid_argument, "{}: write unix:///path/of/the.sock or tcp://HOST:PORT", quote(text));
  return address{std::move(path), {}, 0};
}

std::string to_string(const address& where) {
  if (!where.path.empty()) return fmt::format("{}{}", unix_scheme, where.path);
  auto v6 = where.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}{}:{}", tcp_scheme, v6 ? "[" : "", where.host, v6 ? "]" : "", where.port);
}

} // namespace gantry::http
