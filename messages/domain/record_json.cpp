#include "messages/domain/record_json.hpp"

#include "messages/domain/record_fields.hpp"

namespace gantry {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(endpoint_address, ip, gateway, prefix_length)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(network_endpoint, network, ip, gateway, mac, prefix_length, ports,
                                                asked, names, interface, attached, default_route, ip6)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(sandbox_record, name, network_mode, ports, hostname, endpoints, monitor,
                                                created_at)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(network_subnet, subnet, gateway, ip_range, reserved)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(network_definition, name, display_name, ipv6, subnets, bridge, mtu,
                                                internal, masquerade, attachable, host_address, labels, options,
                                                created_at)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(volume_record, ns, name, anonymous, labels, created_at)

std::string to_json(const sandbox_record& r) { return write_record(r); }
std::string to_json(const volume_record& r) { return write_record(r); }
std::string to_json(const network_definition& r) { return write_record(r); }

result<sandbox_record> sandbox_from_json(std::string_view json) {
  GANTRY_LET(auto record, read_record<sandbox_record>(json, "a sandbox"));
  if (record.name.id.empty()) return fail(errc::corrupt, "the record of a sandbox has no id");
  return record;
}

result<volume_record> volume_from_json(std::string_view json) {
  GANTRY_LET(auto record, read_record<volume_record>(json, "a volume"));
  if (record.name.empty()) return fail(errc::corrupt, "the record of a volume has no name");
  return record;
}

result<network_definition> network_from_json(std::string_view json) {
  GANTRY_LET(auto record, read_record<network_definition>(json, "a network"));
  if (record.name.id.empty()) return fail(errc::corrupt, "the record of a network has no id");
  if (record.subnets.empty()) { // of an engine whose networks had one subnet: its fields stand in the record itself
    GANTRY_LET(auto only, read_record<network_subnet>(json, "a network"));
    record.subnets.push_back(std::move(only));
  }
  return record;
}

} // namespace gantry
