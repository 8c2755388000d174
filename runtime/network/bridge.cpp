#include "runtime/network/bridge.hpp"

#include <arpa/inet.h>
#include <dirent.h>

#include <charconv>
#include <memory>

#include <nlohmann/json.hpp>

#include "runtime/sys/files.hpp"

namespace gantry::network {
namespace {

using json = nlohmann::ordered_json;

constexpr auto cni_version = "1.0.0";
constexpr std::size_t max_leases = 65'536;
constexpr std::size_t max_link_name = 15; // IFNAMSIZ - 1

std::string text_of(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

json ipam_conf(const bridge_network& network, const attachment& end) {
  json conf;
  if (network.addresses == addressing::host_local)
    conf = {{"type", "host-local"},
            {"dataDir", network.data_dir},
            {"ranges", json::array({json::array({{{"subnet", network.subnet}, {"gateway", network.gateway}}})})}};
  else
    conf = {{"type", "static"},
            {"addresses", json::array({{{"address", end.address + network.subnet.substr(network.subnet.find('/'))},
                                        {"gateway", network.gateway}}})}};
  if (end.default_route && !network.internal) conf["routes"] = json::array({{{"dst", "0.0.0.0/0"}}});
  return conf;
}

json bridge_conf(const bridge_network& network, const attachment& end) {
  json conf = {{"type", "bridge"},
               {"bridge", network.bridge},
               {"isGateway", true},
               // Masquerading is one rule for the whole bridge (host_rules): the plugin's own chain per container
               // costs six executions of iptables and stays behind when the namespace goes before the removal.
               {"ipMasq", false},
               {"hairpinMode", true}, // a container reaches its own published port
               {"promiscMode", false}};
  if (network.mtu > 0) conf["mtu"] = network.mtu;
  conf["ipam"] = ipam_conf(network, end);
  if (!end.mac.empty()) {
    conf["capabilities"] = {{"mac", true}};
    conf["runtimeConfig"] = {{"mac", end.mac}};
  }
  return conf;
}

json portmap_conf(const attachment& end) {
  auto mappings = json::array();
  for (const auto& port : end.ports) {
    json one = {{"hostPort", port.host_port}, {"containerPort", port.container_port}, {"protocol", port.protocol}};
    if (!port.host_ip.empty() && port.host_ip != "0.0.0.0" && port.host_ip != "::") one["hostIP"] = port.host_ip;
    mappings.push_back(std::move(one));
  }
  // snat: published ports answer on the host's 127.0.0.1 and to the container itself.
  return {{"type", "portmap"},
          {"snat", true},
          {"capabilities", {{"portMappings", true}}},
          {"runtimeConfig", {{"portMappings", std::move(mappings)}}}};
}

std::string_view word_of(verb what) { return what == verb::add ? "ADD" : what == verb::del ? "DEL" : "CHECK"; }

std::optional<std::pair<std::uint32_t, int>> parse_subnet(const std::string& text) {
  const auto slash = text.find('/');
  in_addr address{};
  int bits = 0;
  if (slash == std::string::npos || ::inet_pton(AF_INET, text.substr(0, slash).c_str(), &address) != 1) return {};
  const auto [end, problem] = std::from_chars(text.data() + slash + 1, text.data() + text.size(), bits);
  if (problem != std::errc{} || end != text.data() + text.size() || bits < 8 || bits > 30) return {};
  return std::pair{ntohl(address.s_addr), bits};
}

} // namespace

result<void> check(const bridge_network& network) {
  const auto subnet = parse_subnet(network.subnet);
  if (!subnet)
    return fail(errc::invalid_argument, "network {}: subnet '{}' is not IPv4 like 172.29.0.0/16 (/8 to /30)",
                network.name, network.subnet.substr(0, 64));
  const auto mask = ~std::uint32_t{0} << (32 - subnet->second);
  in_addr gateway{};
  if (::inet_pton(AF_INET, network.gateway.c_str(), &gateway) != 1 ||
      (ntohl(gateway.s_addr) & mask) != (subnet->first & mask))
    return fail(errc::invalid_argument, "network {}: gateway '{}' is not an address within {}", network.name,
                network.gateway.substr(0, 64), network.subnet);
  if (network.bridge.empty() || network.bridge.size() > max_link_name ||
      network.bridge.find_first_of("/ \t\n") != std::string::npos)
    return fail(errc::invalid_argument, "network {}: '{}' is not a link's name: at most 15 characters, no blanks",
                network.name, network.bridge.substr(0, 64));
  if (network.addresses == addressing::host_local && !network.data_dir.starts_with('/'))
    return fail(errc::invalid_argument, "network {}: the lease folder must be an absolute path", network.name);
  return {};
}

std::string plugin_conf(const bridge_network& network, const attachment& end, std::string_view plugin,
                        std::string_view previous) {
  json conf = {{"cniVersion", cni_version}, {"name", network.cni_name}};
  conf.update(plugin == "portmap" ? portmap_conf(end) : bridge_conf(network, end));
  if (!previous.empty()) {
    auto result = json::parse(previous.begin(), previous.end(), nullptr, false);
    if (!result.is_discarded()) conf["prevResult"] = std::move(result);
  }
  return text_of(conf);
}

cni_sequence::cni_sequence(bridge_network network, attachment end, verb what, std::string previous)
    : network_(std::move(network)), end_(std::move(end)), what_(what), previous_(std::move(previous)) {
  plugins_ = {"bridge"};
  // portmap 1.1.1 looks for an IPv6 chain too when it checks, which an IPv4 network never has: it is not asked.
  if (!end_.ports.empty() && what != verb::check)
    plugins_.insert(what == verb::del ? plugins_.begin() : plugins_.end(), "portmap");
}

cni_sequence cni_sequence::publish(bridge_network network, attachment end, const network_endpoint& there) {
  // What the bridge plugin's add would have answered, as far as portmap reads it.
  json added = {{"cniVersion", cni_version},
                {"interfaces", json::array({{{"name", end.interface}, {"sandbox", end.namespace_path}}})},
                {"ips", json::array({{{"address", fmt::format("{}/{}", there.ip, there.prefix_length)},
                                      {"gateway", there.gateway},
                                      {"interface", 0}}})}};
  cni_sequence sequence(std::move(network), std::move(end), verb::add, text_of(added));
  sequence.plugins_ = {"portmap"};
  return sequence;
}

std::optional<monitor::run_process> cni_sequence::next() {
  if (at_ >= plugins_.size()) return std::nullopt;
  const auto& plugin = plugins_[at_];
  monitor::run_process call;
  call.argv = {network_.plugin_dir + "/" + plugin};
  call.env = {fmt::format("CNI_COMMAND={}", word_of(what_)),
              "CNI_CONTAINERID=" + end_.id,
              "CNI_NETNS=" + end_.namespace_path,
              "CNI_IFNAME=" + end_.interface,
              "CNI_PATH=" + network_.plugin_dir,
              "PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"};
  call.input =
      plugin_conf(network_, end_, plugin, plugin == "bridge" && what_ == verb::add ? std::string_view() : previous_);
  return call;
}

result<void> cni_sequence::feed(const monitor::process_result& reply) {
  const auto plugin = at_ < plugins_.size() ? plugins_[at_] : std::string();
  ++at_;
  if (reply.exit_code != 0) {
    auto failure = cni_failure(plugin, reply);
    if (what_ != verb::del) {
      at_ = plugins_.size();
      return tl::unexpected<error>(std::move(failure));
    }
    if (outcome_) outcome_ = tl::unexpected<error>(std::move(failure));
    return {};
  }
  if (what_ == verb::add) previous_ = reply.output;
  return {};
}

std::vector<lease> list_leases(const bridge_network& network) {
  std::vector<lease> leases;
  const auto folder = network.data_dir + "/" + network.cni_name;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(folder.c_str()), &::closedir);
  if (!dir) return leases;
  while (const auto* entry = ::readdir(dir.get())) {
    const std::string address = entry->d_name;
    in_addr raw{};
    if (::inet_pton(AF_INET, address.c_str(), &raw) != 1 || leases.size() >= max_leases) continue;
    const auto content = sys::read_file(folder + "/" + address, 4096).value_or(std::string());
    const auto line = content.find("\r\n"); // host-local's own line break
    leases.push_back(
        {address, content.substr(0, line), line == std::string::npos ? std::string() : content.substr(line + 2)});
  }
  return leases;
}

} // namespace gantry::network
