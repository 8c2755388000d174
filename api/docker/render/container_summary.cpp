#include <charconv>

#include "api/docker/render/container.hpp"
#include "api/docker/render/words.hpp"

namespace gantry::docker {
namespace {

constexpr std::size_t most_fields = 16; // of a row, its sizes among them

json published(const port_binding& port) {
  return {{"IP", port.host_ip},
          {"PrivatePort", port.container_port},
          {"PublicPort", port.host_port},
          {"Type", port.protocol}};
}

/// "80/tcp" that is not published; null for one that is, or for a range.
json exposed(const std::string& text, const std::vector<port_binding>& ports) {
  auto slash = text.find('/');
  auto protocol = slash == std::string::npos ? "tcp" : text.substr(slash + 1);
  std::uint16_t number = 0;
  auto end = text.data() + std::min(slash, text.size());
  auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return nullptr;
  for (const auto& port : ports)
    if (port.container_port == number && port.protocol == protocol) return nullptr;
  return {{"PrivatePort", number}, {"Type", protocol}};
}

json ports_of(const container_record& of, const std::vector<network_endpoint>& endpoints) {
  json ports = json::array();
  bool up = of.state.now == phase::running || of.state.now == phase::paused;
  if (!up) return ports;
  auto bound = published_ports(endpoints);
  for (const auto& port : bound) ports.push_back(published(port));
  for (const auto& text : of.options.exposed_ports)
    if (auto one = exposed(text, bound); !one.is_null()) ports.push_back(one);
  return ports;
}

} // namespace

// Thousands of rows are listed in one answer, so what a row costs is worth care: no growing, no copies.
json container_summary(const container_record& of, const std::vector<network_endpoint>& endpoints, unix_nanos now) {
  json row = json::object();
  row.get_ref<json::object_t&>().reserve(most_fields);
  row["Id"] = of.name.id;
  row["Names"] = {"/" + of.display_name};
  row["Image"] = of.image_name;
  row["ImageID"] = of.image_id.str();
  row["Command"] = command_line(of.args);
  row["Created"] = of.created_at / 1'000'000'000;
  row["Ports"] = ports_of(of, endpoints);
  row["Labels"] = object_of(of.options.labels);
  row["State"] = to_string(of.state.now);
  row["Status"] = status_words(of.state, now);
  row["HostConfig"]["NetworkMode"] = of.options.network_mode;
  row["NetworkSettings"]["Networks"] = network_endpoints(of, endpoints);
  row["Mounts"] = mount_points(of.mounts);
  return row;
}

void add_sizes(json& to, const container_sizes& of) {
  to["SizeRw"] = of.written;
  to["SizeRootFs"] = of.written + of.image;
}

} // namespace gantry::docker
