#include <charconv>

#include <simdjson.h>

#include "runtime/network/bridge.hpp"

// What CNI plugins answer (containernetworking/cni SPEC.md, "Section 5: Result Types").

namespace gantry::network {
namespace {

namespace dom = simdjson::dom;
constexpr std::size_t max_answer = 1 << 20;

std::string text_at(dom::element from, std::string_view key) {
  std::string_view value;
  return from[key].get_string().get(value) ? std::string() : std::string(value);
}

/// The hardware address of the interface within the sandbox.
std::string mac_of(dom::element document, const attachment& end) {
  dom::array interfaces;
  if (document["interfaces"].get_array().get(interfaces)) return {};
  for (auto one : interfaces)
    if (!text_at(one, "sandbox").empty() && text_at(one, "name") == end.interface) return text_at(one, "mac");
  return {};
}

} // namespace

result<network_endpoint> endpoint_of(std::string_view result_json, const bridge_network& network,
                                     const attachment& end) {
  dom::parser parser(max_answer);
  dom::element document, first;
  if (parser.parse(result_json.data(), result_json.size()).get(document) || document["ips"].at(0).get(first))
    return fail(errc::corrupt, "the CNI plugins' result for {} names no address", end.id);
  const auto address = text_at(first, "address");
  const auto slash = address.find('/');
  network_endpoint found;
  if (slash == std::string::npos ||
      std::from_chars(address.data() + slash + 1, address.data() + address.size(), found.prefix_length).ec !=
          std::errc{})
    return fail(errc::corrupt, "the CNI plugins' result for {} has an address without prefix: '{}'", end.id,
                address.substr(0, 64));
  found.network = network.name;
  found.ip = address.substr(0, slash);
  found.gateway = text_at(first, "gateway");
  found.mac = mac_of(document, end);
  found.ports = end.ports;
  return found;
}

} // namespace gantry::network
