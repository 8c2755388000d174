#include "actors/container_document.hpp"

#include "actors/sandbox_of.hpp"
#include "runtime/spec/host_files.hpp"

namespace gantry::container {

result<spec::built_spec> build_document(const engine_config& config, const container_record& record,
                                        const image_config& image, const sandbox_namespaces& namespaces,
                                        spec::explanation notes) {
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
                         .shm_source = namespaces.shm.empty() ? std::string() : bundle_of(config, record.name) + "/shm",
                         .cgroup_path = cgroup_of(config, record),
                         .init_binary = config.init_program,
                         .default_ulimits = config.default_ulimits,
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

result<container_files> network_files(const engine_config& config, const container_record& record,
                                      const sandbox_namespaces& namespaces) {
  const auto& options = record.options;
  auto host_name = host_name_of(config, record);
  spec::hosts_input hosts;
  hosts.hostname = host_name;
  hosts.domainname = options.domainname;
  hosts.extra_hosts = options.extra_hosts;
  hosts.host_gateway = config.bridge_gateway;
  if (!namespaces.endpoints.empty()) hosts.address = namespaces.endpoints.front().ip;
  spec::resolver_input resolver;
  resolver.host_content = config.host_resolv_conf;
  resolver.servers = options.dns.empty() ? config.dns : options.dns;
  resolver.search = options.dns_search;
  resolver.options = options.dns_options;
  // A pod's servers are the kubelet's choice, or else the node's, whatever they are.
  resolver.host_network = options.network_mode == "host" || in_pod(record);
  GANTRY_LET(auto hosts_content, spec::hosts_file(hosts));
  GANTRY_LET(auto resolv_content, spec::resolv_conf(resolver));
  return container_files{{"hosts", std::move(hosts_content)},
                         {"resolv.conf", std::move(resolv_content)},
                         {"hostname", spec::hostname_file(host_name)}};
}

} // namespace gantry::container
