#include "actors/container_document.hpp"

#include "actors/sandbox_of.hpp"
#include "runtime/spec/host_files.hpp"

namespace gantry::container {

result<spec::built_spec> build_document(const engine_config& config, const container_record& record,
                                        const image_config& image, const sandbox_namespaces& namespaces,
                                        spec::explanation notes) {
  auto folder = config.paths.container_dir(record.name);
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
                         .shm_source = "",
                         .cgroup_path = cgroup_of(config, record),
                         .init_binary = config.init_program,
                         .default_ulimits = config.default_ulimits,
                         .notes = notes};
  return spec::build(input);
}

std::vector<std::pair<std::string, std::string>> network_files(const engine_config& config, const container_record& record,
                                                          const sandbox_namespaces& namespaces) {
  const auto& options = record.options;
  auto host_name = host_name_of(config, record);
  spec::hosts_input hosts;
  hosts.hostname = host_name;
  hosts.domainname = options.domainname;
  hosts.extra_hosts = options.extra_hosts;
  if (namespaces.endpoint) {
    hosts.address = namespaces.endpoint->ip;
    hosts.gateway = namespaces.endpoint->gateway;
  }
  spec::resolv_conf_input resolv;
  resolv.servers = options.dns.empty() ? config.dns : options.dns;
  resolv.search = options.dns_search;
  resolv.options = options.dns_options;
  resolv.host_network = options.network_mode == "host";
  return {{"hosts", spec::hosts_file(hosts)},
          {"resolv.conf", spec::resolv_conf(resolv)},
          {"hostname", spec::hostname_file(host_name)}};
}

} // namespace gantry::container
