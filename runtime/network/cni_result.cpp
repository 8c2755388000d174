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

/// The codes that SPEC.md reserves; 100 and up are a plugin's own.
errc code_of(std::uint64_t cni) {
  switch (cni) {
  case 3:
    return errc::not_found; // container unknown or does not exist
  case 5:
  case 11:
    return errc::unavailable; // I/O failure; try again later
  case 1:
  case 2:
    return errc::failed_precondition; // incompatible version; unsupported field
  case 4:
  case 6:
  case 7:
    return errc::invalid_argument;
  default:
    return errc::internal;
  }
}

std::string trimmed(std::string text) {
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.pop_back();
  if (text.size() > 4096) text.resize(4096);
  return text;
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

error cni_failure(std::string_view plugin, const monitor::process_result& reply) {
  error failure{errc::internal, {}, 0};
  dom::parser parser(max_answer);
  dom::element answer;
  if (!parser.parse(reply.output).get(answer) && answer.is_object()) {
    std::uint64_t code = 0;
    if (!answer["code"].get_uint64().get(code)) failure.code = code_of(code);
    failure.message = text_at(answer, "msg");
    if (const auto details = text_at(answer, "details"); !details.empty()) failure.message += ": " + details;
  }
  if (failure.message.empty()) failure.message = trimmed(reply.error_output);
  if (failure.message.empty())
    failure.message = fmt::format("it ended with status {} and said nothing", reply.exit_code);
  if (failure.message.find("no IP addresses available") != std::string::npos) failure.code = errc::exhausted;
  failure.message = fmt::format("CNI plugin {}: {}", plugin, trimmed(std::move(failure.message)));
  return failure;
}

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
