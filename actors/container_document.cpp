#include "actors/container_document.hpp"

#include "actors/cgroup_paths.hpp"
#include "actors/sandbox_of.hpp"
#include "runtime/spec/host_files.hpp"

namespace gantry::container {
namespace {

std::string shm_of(const engine_config& config, const container_record& record, const sandbox_namespaces& namespaces) {
  if (namespaces.host_shm) return "/dev/shm";
  return namespaces.shm.empty() ? std::string() : bundle_of(config, record.name) + "/shm";
}

} // namespace

result<spec::built_spec> build_document(const engine_config& config, const container_record& record,
                                        const image_config& image, const sandbox_namespaces& namespaces,
                                        const cdi::container_edits& edits, spec::explanation notes) {
  auto folder = bundle_of(config, record.name) + "/files";
  spec::spec_input input{.options = record.options,
                         .image = image,
                         .facts = config.facts,
                         .id = record.name.id,
                         .ns = record.name.ns,
                         .root_layers = root_layers(config, record),
                         .hostname = host_name_of(config, record),
                         .mounts = record.mounts,
                         .hosts_file = folder + "/hosts",
                         .hostname_file = folder + "/hostname",
                         .resolv_conf_file = folder + "/resolv.conf",
                         .host_network = record.options.network_mode == "host",
                         .network_namespace_path = namespaces.network,
                         .ipc_namespace_path = namespaces.ipc,
                         .pid_namespace_path = namespaces.pid,
                         .uts_namespace_path = namespaces.uts,
                         .user_namespace_path = namespaces.user,
                         .mapped_folder = bundle_of(config, record.name) + "/mapped",
                         .shm_source = shm_of(config, record, namespaces),
                         .cgroup_path = cgroups_path_of(config, record),
                         .init_binary = config.init_program,
                         .default_ulimits = config.default_ulimits,
                         .edits = edits,
                         .notes = notes};
  return spec::build(input);
}

sandbox_namespaces namespaces_to_join(const container_options& options) {
  auto joined = [](const std::string& mode) { return mode.starts_with("container:") ? mode : std::string(); };
  sandbox_namespaces found;
  found.pid = joined(options.pid_mode);
  found.ipc = joined(options.ipc_mode);
  return found;
}

namespace {

/// Of a network whose containers have names, the one that is asked for them: where the way out is, if it is such a one.
const network_endpoint* named_network(const std::vector<network_endpoint>& ends) {
  const network_endpoint* found = nullptr;
  for (const auto& end : ends)
    if (!end.names.empty() && !end.ip.empty() && (found == nullptr || end.default_route)) found = &end;
  return found;
}

} // namespace

result<container_files> network_files(const engine_config& config, const container_record& record,
                                      const sandbox_namespaces& namespaces) {
  const auto& options = record.options;
  auto host_name = host_name_of(config, record);
  spec::hosts_input hosts;
  hosts.hostname = host_name;
  hosts.domainname = options.domainname;
  hosts.extra_hosts = options.extra_hosts;
  hosts.host_gateway = config.bridge_gateway;
  for (const auto& end : namespaces.endpoints) {
    for (const auto& ip : {end.ip, end.ip6.ip})
      if (!ip.empty()) hosts.addresses.push_back(ip);
    if (end.default_route) hosts.host_gateway = end.gateway;
  }
  spec::resolver_input resolver;
  resolver.host_content = config.host_resolv_conf;
  resolver.servers = options.dns.empty() ? config.dns : options.dns;
  resolver.search = options.dns_search;
  resolver.options = options.dns_options;
  if (const auto* named = named_network(namespaces.endpoints)) {
    // It asks the user's servers itself, and knows names without a dot (as dockerd: ndots:0). While it reads new names
    // it answers nothing for some milliseconds: who waits five seconds before asking again would notice that.
    resolver.servers = {named->gateway};
    if (resolver.options.empty()) resolver.options = {"ndots:0", "timeout:1", "attempts:5"};
  }
  // A pod's servers are the kubelet's choice, or else the node's, whatever they are.
  resolver.host_network = options.network_mode == "host" || in_pod(record);
  GANTRY_LET(auto hosts_content, spec::hosts_file(hosts));
  GANTRY_LET(auto resolv_content, spec::resolv_conf(resolver));
  return container_files{{"hosts", std::move(hosts_content)},
                         {"resolv.conf", std::move(resolv_content)},
                         {"hostname", spec::hostname_file(host_name)}};
}

} // namespace gantry::container
