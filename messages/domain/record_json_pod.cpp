#include "messages/domain/record_fields.hpp"
#include "messages/domain/record_json.hpp"

namespace gantry {

template<>
inline constexpr auto names_of<pod_phase> = std::to_array<std::string_view>({"starting", "ready", "not_ready"});

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(pod_metadata, name, uid, ns, attempt)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(pod_dns, servers, searches, options)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(pod_options, metadata, hostname, log_directory, dns, ports, labels,
                                                annotations, runtime, cgroup_parent, sysctls, network, ipc, pid,
                                                uid_map, gid_map, privileged, resources)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(pod_record, name, options, now, attached, addresses, cni_result,
                                                cni_network, network_namespace, monitor, created_at)

std::string to_json(const pod_record& r) { return write_record(r); }

result<pod_record> pod_from_json(std::string_view json) {
  GANTRY_LET(auto record, read_record<pod_record>(json, "a pod"));
  if (record.name.id.empty()) return fail(errc::corrupt, "the record of a pod has no id");
  return record;
}

} // namespace gantry
