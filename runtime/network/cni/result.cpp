#include "runtime/network/cni/result.hpp"

#include <arpa/inet.h>

#include <charconv>

#include <simdjson.h>

namespace gantry::network::cni {
namespace {

namespace dom = simdjson::dom;
constexpr std::size_t max_result_bytes = 1 << 20;

std::string string_at(dom::element from, std::string_view key) {
  std::string_view value;
  return from[key].get_string().get(value) ? std::string() : std::string(value);
}

std::vector<std::string> strings_at(dom::element from, std::string_view key) {
  std::vector<std::string> all;
  dom::array list;
  if (from[key].get_array().get(list)) return all;
  for (auto one : list) {
    std::string_view text;
    if (!one.get_string().get(text) && all.size() < max_result_entries) all.emplace_back(text);
  }
  return all;
}

/// The list at `key`; one that is absent or null is empty.
result<std::vector<dom::element>> list_at(dom::element from, std::string_view key) {
  std::vector<dom::element> all;
  dom::element value;
  if (from[key].get(value) || value.is_null()) return all;
  dom::array list;
  if (value.get_array().get(list)) return fail(errc::corrupt, "'{}' is not a list", key);
  for (auto one : list) {
    if (all.size() == max_result_entries) return fail(errc::corrupt, "'{}' has over {} entries", key, all.size());
    all.push_back(one);
  }
  return all;
}

bool is_address(const std::string& text, int family) {
  in6_addr room{};
  return ::inet_pton(family, text.c_str(), &room) == 1;
}

/// "10.1.0.5/16".
result<address_result> address_of(std::string_view text, std::string gateway) {
  address_result found;
  const auto slash = text.find('/');
  found.ip = text.substr(0, slash);
  const int family = found.is_v6() ? AF_INET6 : AF_INET;
  const auto bits = slash == std::string_view::npos ? std::string_view() : text.substr(slash + 1);
  const auto [end, problem] = std::from_chars(bits.data(), bits.data() + bits.size(), found.prefix_length);
  if (!is_address(found.ip, family) || problem != std::errc{} || end != bits.data() + bits.size() ||
      found.prefix_length < 0 || found.prefix_length > (family == AF_INET ? 32 : 128))
    return fail(errc::corrupt, "'{}' is not an address with its prefix", text.substr(0, 64));
  if (!gateway.empty() && !is_address(gateway, family))
    return fail(errc::corrupt, "'{}' is not a gateway for {}", gateway.substr(0, 64), text);
  found.gateway = std::move(gateway);
  return found;
}

/// 0.1.0 and 0.2.0: {"ip4": {"ip": …, "gateway": …, "routes": […]}, "ip6": {…}}.
result<void> read_old_addresses(dom::element document, attachment_result& into) {
  for (const auto* key : {"ip4", "ip6"}) {
    dom::element one;
    if (document[key].get(one) || !one.is_object()) continue;
    GANTRY_LET(into.addresses.emplace_back(), address_of(string_at(one, "ip"), string_at(one, "gateway")));
    GANTRY_LET(const auto routes, list_at(one, "routes"));
    for (auto route : routes) into.routes.push_back({string_at(route, "dst"), string_at(route, "gw")});
  }
  return {};
}

result<void> read_addresses(dom::element document, attachment_result& into) {
  GANTRY_LET(const auto list, list_at(document, "ips"));
  for (auto one : list) {
    GANTRY_LET(auto address, address_of(string_at(one, "address"), string_at(one, "gateway")));
    std::int64_t at = -1;
    if (!one["interface"].get_int64().get(at) && at >= 0) {
      if (static_cast<std::size_t>(at) >= into.interfaces.size())
        return fail(errc::corrupt, "{} is of interface {}, and there are {}", address.ip, at, into.interfaces.size());
      address.interface = static_cast<std::size_t>(at);
    }
    into.addresses.push_back(std::move(address));
  }
  return {};
}

result<attachment_result> read_result(dom::element document) {
  attachment_result found;
  GANTRY_LET(const auto interfaces, list_at(document, "interfaces"));
  for (auto one : interfaces)
    found.interfaces.push_back({string_at(one, "name"), string_at(one, "mac"), string_at(one, "sandbox")});
  GANTRY_TRY(read_addresses(document, found));
  GANTRY_TRY(read_old_addresses(document, found));
  GANTRY_LET(const auto routes, list_at(document, "routes"));
  for (auto route : routes) found.routes.push_back({string_at(route, "dst"), string_at(route, "gw")});
  dom::element dns;
  if (!document["dns"].get(dns) && dns.is_object()) {
    found.dns = {strings_at(dns, "nameservers"), strings_at(dns, "search"), strings_at(dns, "options")};
    found.dns_domain = string_at(dns, "domain");
  }
  return found;
}

} // namespace

std::vector<address_result> attachment_result::addresses_of(std::string_view interface) const {
  std::vector<address_result> found;
  for (const auto& one : addresses) {
    const bool of_it =
        !one.interface || (interfaces[*one.interface].name == interface && !interfaces[*one.interface].sandbox.empty());
    if (of_it) found.push_back(one);
  }
  return found;
}

std::string attachment_result::mac_of(std::string_view interface) const {
  for (const auto& one : interfaces)
    if (one.name == interface && !one.sandbox.empty()) return one.mac;
  return {};
}

result<attachment_result> parse_result(std::string_view text) {
  dom::parser parser(max_result_bytes);
  dom::element document;
  if (text.size() > max_result_bytes || parser.parse(text.data(), text.size()).get(document) || !document.is_object())
    return fail(errc::corrupt, "what the CNI plugins answered is no result");
  auto found = read_result(document);
  if (!found) return within(found.error(), "the CNI plugins' result");
  return found;
}

} // namespace gantry::network::cni
