#include <nlohmann/json.hpp>

#include "api/cri/calls/calls.hpp"
#include "api/cri/calls/find.hpp"
#include "api/cri/mapping/info.hpp"

namespace gantry::cri::calls {
namespace {

v1::RuntimeCondition condition(const char* type, bool status) {
  v1::RuntimeCondition made;
  made.set_type(type);
  made.set_status(status);
  return made;
}

/// Whether pods can have a network, in the words of who knows.
v1::RuntimeCondition network_condition(const result<pod_network_state>& network) {
  auto made = condition("NetworkReady", network && network->ready);
  if (!network) {
    made.set_reason("NetworkStateUnknown");
    made.set_message(network.error().message);
  } else if (!network->ready) {
    made.set_reason(network->reason);
    made.set_message(network->message);
  }
  return made;
}

/// The one without a name is the default one.
v1::RuntimeHandler handler(const context& door, const std::string& name, const result<pod_users>& users) {
  v1::RuntimeHandler made;
  made.set_name(name);
  const auto& means = name.empty() ? door.facts.default_runtime : name;
  made.mutable_features()->set_recursive_read_only_mounts(true);
  made.mutable_features()->set_user_namespaces(users && users->runtimes.contains(means));
  return made;
}

std::string status_info(const context& door, const result<pod_network_state>& network) {
  nlohmann::json made;
  made["root"] = door.facts.root;
  made["runDir"] = door.facts.run_dir;
  made["defaultRuntime"] = door.facts.default_runtime;
  made["runtimes"] = door.facts.runtimes;
  made["cgroupVersion"] = door.facts.cgroup_version;
  made["kernel"] = door.facts.kernel;
  if (network) made["cniConfig"] = network->config_file;
  return info_text(made);
}

} // namespace

answer<v1::VersionResponse> version(context&, const v1::VersionRequest&) {
  v1::VersionResponse made;
  made.set_version("0.1.0"); // of this message: the kubelet's runtime API version of old
  made.set_runtime_name("gantry");
  made.set_runtime_version(GANTRY_VERSION);
  made.set_runtime_api_version("v1");
  co_return made;
}

answer<v1::StatusResponse> status(context& door, const v1::StatusRequest& request) {
  auto network = co_await ask_pods<pod_network_state>(door, ask_pod_network{}, deadline::inner);
  auto users = co_await ask_pods<pod_users>(door, ask_pod_users{}, deadline::inner);
  v1::StatusResponse made;
  *made.mutable_status()->add_conditions() = condition("RuntimeReady", true);
  *made.mutable_status()->add_conditions() = network_condition(network);
  *made.add_runtime_handlers() = handler(door, "", users);
  for (const auto& [name, path] : door.facts.runtimes) *made.add_runtime_handlers() = handler(door, name, users);
  made.mutable_features()->set_supplemental_groups_policy(false);
  if (request.verbose()) (*made.mutable_info())["config"] = status_info(door, network);
  co_return made;
}

/// The kubelet asks which driver to name cgroups for. It then gives each pod a cgroup's path to be below.
answer<v1::RuntimeConfigResponse> runtime_config(context& door, const v1::RuntimeConfigRequest&) {
  v1::RuntimeConfigResponse made;
  made.mutable_linux()->set_cgroup_driver(door.facts.cgroup_driver == "systemd" ? v1::SYSTEMD : v1::CGROUPFS);
  co_return made;
}

/// Its one setting, the node's pod CIDR, is for a runtime that writes CNI's configuration: here the network's own agent
/// does.
answer<v1::UpdateRuntimeConfigResponse> update_runtime_config(context&, const v1::UpdateRuntimeConfigRequest&) {
  co_return v1::UpdateRuntimeConfigResponse();
}

} // namespace gantry::cri::calls
