#include "api/cri/mapping/pods.hpp"

#include "api/cri/mapping/namespaces.hpp"
#include "api/cri/mapping/resources.hpp"
#include "messages/domain/quote.hpp"

namespace gantry::cri {
namespace {

using strings = google::protobuf::Map<std::string, std::string>;

std::map<std::string, std::string> map_of(const strings& from) { return {from.begin(), from.end()}; }

result<pod_metadata> parse_metadata(const v1::PodSandboxConfig& from) {
  const auto& given = from.metadata();
  if (given.name().empty() || given.namespace_().empty())
    return fail(errc::invalid_argument, "config.metadata: a pod has a name and a namespace");
  return pod_metadata{given.name(), given.uid(), given.namespace_(), given.attempt()};
}

result<const char*> protocol_name(v1::Protocol from) {
  switch (from) {
  case v1::TCP:
    return "tcp";
  case v1::UDP:
    return "udp";
  case v1::SCTP:
    return "sctp";
  default:
    break;
  }
  return fail(errc::invalid_argument, "port_mappings: {} is no protocol", static_cast<int>(from));
}

/// A mapping without a host port says only that the pod listens there.
result<std::vector<port_binding>> parse_ports(const v1::PodSandboxConfig& from) {
  std::vector<port_binding> made;
  for (const auto& one : from.port_mappings()) {
    if (one.host_port() == 0) continue;
    if (one.container_port() < 1 || one.container_port() > UINT16_MAX || one.host_port() < 0 ||
        one.host_port() > UINT16_MAX)
      return fail(errc::invalid_argument, "port_mappings: {}:{} is no pair of ports of 1 to 65535", one.host_port(),
                  one.container_port());
    GANTRY_LET(auto protocol, protocol_name(one.protocol()));
    made.push_back({static_cast<std::uint16_t>(one.container_port()), protocol, one.host_ip(),
                    static_cast<std::uint16_t>(one.host_port())});
  }
  return made;
}

/// To mount what shows the network, message queues or processes takes their owner's rights.
result<void> check_own(const pod_options& pod) {
  for (const auto& [field, mode] : {std::pair("network", pod.network), {"ipc", pod.ipc}, {"pid", pod.pid}})
    if (mode == namespace_mode::node)
      return fail(errc::invalid_argument,
                  "namespace_options.{}: a pod with users of its own (userns_options) cannot have the node's", field);
  return {};
}

result<void> read_namespaces(const v1::NamespaceOption& from, pod_options& into) {
  GANTRY_LET(into.network, parse_mode("network", from.network()));
  GANTRY_LET(into.ipc, parse_mode("ipc", from.ipc()));
  GANTRY_LET(into.pid, parse_mode("pid", from.pid()));
  using mode = namespace_mode;
  for (auto one : {into.network, into.ipc})
    if (one != mode::pod && one != mode::node)
      return fail(errc::invalid_argument, "namespace_options: a pod's network and ipc are POD or NODE");
  if (into.pid == mode::target)
    return fail(errc::invalid_argument, "namespace_options.pid: TARGET is for a container, not for a pod");
  if (!from.has_userns_options()) return {};
  GANTRY_LET(auto users, parse_users(from.userns_options()));
  into.uid_map = std::move(users.uids);
  into.gid_map = std::move(users.gids);
  return into.uid_map.empty() ? result<void>() : check_own(into);
}

result<void> read_linux(const v1::LinuxPodSandboxConfig& from, pod_options& into) {
  into.cgroup_parent = from.cgroup_parent();
  into.sysctls = map_of(from.sysctls());
  into.privileged = from.security_context().privileged();
  GANTRY_LET(into.resources, parse_resources(from.resources()));
  GANTRY_LET(auto overhead, parse_resources(from.overhead()));
  into.resources = with_overhead(std::move(into.resources), overhead);
  return read_namespaces(from.security_context().namespace_options(), into);
}

} // namespace

result<pod_options> parse_pod(const v1::PodSandboxConfig& from, const std::string& runtime_handler) {
  if (from.has_windows()) return fail(errc::invalid_argument, "config.windows: this is a host of Linux");
  pod_options made;
  GANTRY_LET(made.metadata, parse_metadata(from));
  made.hostname = from.hostname();
  made.log_directory = from.log_directory();
  if (!made.log_directory.empty() && !made.log_directory.starts_with('/'))
    return fail(errc::invalid_argument, "config.log_directory {} is not absolute", quote(made.log_directory));
  if (from.has_dns_config()) {
    const auto& dns = from.dns_config();
    made.dns = pod_dns{{dns.servers().begin(), dns.servers().end()},
                       {dns.searches().begin(), dns.searches().end()},
                       {dns.options().begin(), dns.options().end()}};
  }
  GANTRY_LET(made.ports, parse_ports(from));
  made.labels = map_of(from.labels());
  made.annotations = map_of(from.annotations());
  made.runtime = runtime_handler;
  GANTRY_TRY(read_linux(from.linux(), made));
  return made;
}

namespace {

v1::PodSandboxMetadata render_metadata(const pod_metadata& from) {
  v1::PodSandboxMetadata made;
  made.set_name(from.name);
  made.set_uid(from.uid);
  made.set_namespace_(from.ns);
  made.set_attempt(from.attempt);
  return made;
}

/// What a row of a list and a status have alike.
template<class Message>
void render_common(const pod_record& from, Message& into) {
  into.set_id(from.name.id);
  *into.mutable_metadata() = render_metadata(from.options.metadata);
  into.set_state(from.now == pod_phase::ready ? v1::SANDBOX_READY : v1::SANDBOX_NOTREADY);
  into.set_created_at(from.created_at);
  into.mutable_labels()->insert(from.options.labels.begin(), from.options.labels.end());
  into.mutable_annotations()->insert(from.options.annotations.begin(), from.options.annotations.end());
  into.set_runtime_handler(from.options.runtime);
}

} // namespace

v1::PodSandbox render_pod(const pod_record& from) {
  v1::PodSandbox made;
  render_common(from, made);
  return made;
}

v1::PodSandboxStatus render_pod_status(const pod_record& from) {
  v1::PodSandboxStatus made;
  render_common(from, made);
  auto& network = *made.mutable_network();
  for (const auto& one : from.addresses)
    if (network.ip().empty())
      network.set_ip(one);
    else
      network.add_additional_ips()->set_ip(one);
  auto& options = *made.mutable_linux()->mutable_namespaces()->mutable_options();
  options.set_network(render_mode(from.options.network));
  options.set_ipc(render_mode(from.options.ipc));
  options.set_pid(render_mode(from.options.pid));
  if (from.options.uid_map.empty()) return made;
  auto& users = *options.mutable_userns_options();
  users.set_mode(v1::POD);
  render_mappings(from.options.uid_map, *users.mutable_uids());
  render_mappings(from.options.gid_map, *users.mutable_gids());
  return made;
}

} // namespace gantry::cri
