#include "api/cri/mapping/pods.hpp"
#include "api/cri/calls/calls.hpp"
#include "api/cri/calls/chunks.hpp"
#include "api/cri/calls/find.hpp"
#include "api/cri/calls/statuses.hpp"
#include "api/cri/mapping/filters.hpp"
#include "api/cri/mapping/info.hpp"
#include "api/cri/mapping/resources.hpp"
#include "messages/domain/quote.hpp"

namespace gantry::cri::calls {
namespace {

result<void> check_handler(const context& door, const std::string& name) {
  const auto& known = door.facts.runtimes;
  if (name.empty() || known.contains(name)) return {};
  std::string names;
  for (const auto& [one, path] : known) names += (names.empty() ? "" : ", ") + one;
  return fail(errc::invalid_argument, "no runtime for the handler {} is configured: there are {}", quote(name), names);
}

/// Of a pod with users of its own.
result<void> check_users(const context& door, const pod_users& can, const std::string& handler) {
  const auto& name = handler.empty() ? door.facts.default_runtime : handler;
  if (can.runtimes.contains(name)) return {};
  const auto why = can.why_not.empty() ? "its runtime does not say that it can join them" : can.why_not;
  return fail(
      errc::invalid_argument,
      "linux.security_context.namespace_options.userns_options: the handler {} runs no pods with users of their "
      "own: {}",
      quote(name), why);
}

/// What is being made is for its maker alone: the kubelet would take it for a pod that failed, and end it.
bool is_listed(const pod_record& pod) { return pod.now != pod_phase::starting; }

bool fits(const pod_record& pod, const v1::PodSandboxFilter& filter) {
  if (!has_id(pod.name.id, filter.id()) || !has_labels(pod.options.labels, filter.label_selector())) return false;
  auto ready = pod.now == pod_phase::ready;
  return !filter.has_state() || ready == (filter.state().state() == v1::SANDBOX_READY);
}

std::string pod_info(const pod_record& of) {
  nlohmann::json made;
  made["networkNamespace"] = of.network_namespace;
  made["cgroupParent"] = of.options.cgroup_parent;
  made["runtime"] = of.options.runtime;
  made["cniResult"] = nlohmann::json::parse(of.cni_result, nullptr, false);
  if (made["cniResult"].is_discarded()) made.erase("cniResult");
  return info_text(made);
}

v1::PodSandboxStatusResponse answer_pod_status(const context& door, const pod_record& pod,
                                               const container_table& containers, bool verbose) {
  v1::PodSandboxStatusResponse made;
  *made.mutable_status() = render_pod_status(pod);
  for (auto& one : statuses_of(door, containers, pod.name.id)) *made.add_containers_statuses() = std::move(one);
  made.set_timestamp(now());
  if (verbose) (*made.mutable_info())["info"] = pod_info(pod);
  return made;
}

v1::ListPodSandboxResponse answer_pod_list(const pod_table& all, const v1::PodSandboxFilter& filter) {
  v1::ListPodSandboxResponse made;
  for (const auto& row : all.rows)
    if (is_listed(*row) && fits(*row, filter)) *made.add_items() = render_pod(*row);
  return made;
}

/// A stop or a removal: one that is done, or of what is not there, is a success.
template<class Message>
awaitable<result<void>> end_pod(context& door, const std::string& id) {
  if (id.empty()) co_return fail(errc::invalid_argument, "pod_sandbox_id is empty: name a pod");
  Message message{pods_namespace, id};
  auto got = co_await ask_pods<done>(door, std::move(message), deadline::whole);
  if (!got && !is_gone(got.error())) co_return tl::unexpected<error>(got.error());
  co_return result<void>();
}

} // namespace

answer<v1::RunPodSandboxResponse> run_pod_sandbox(context& door, const v1::RunPodSandboxRequest& request) {
  GANTRY_CO_TRY(check_handler(door, request.runtime_handler()));
  run_pod message{pods_namespace, {}, client};
  GANTRY_CO_LET(message.options, parse_pod(request.config(), request.runtime_handler()));
  if (!message.options.uid_map.empty()) {
    GANTRY_CO_LET(auto can, co_await ask_pods<pod_users>(door, ask_pod_users{}, deadline::inner));
    GANTRY_CO_TRY(check_users(door, can, request.runtime_handler()));
  }
  GANTRY_CO_LET(auto got, co_await ask_pods<pod_running>(door, std::move(message), deadline::whole));
  v1::RunPodSandboxResponse made;
  made.set_pod_sandbox_id(got.name.id);
  co_return made;
}

answer<v1::StopPodSandboxResponse> stop_pod_sandbox(context& door, const v1::StopPodSandboxRequest& request) {
  GANTRY_CO_TRY(co_await end_pod<stop_pod>(door, request.pod_sandbox_id()));
  co_return v1::StopPodSandboxResponse();
}

answer<v1::RemovePodSandboxResponse> remove_pod_sandbox(context& door, const v1::RemovePodSandboxRequest& request) {
  GANTRY_CO_TRY(co_await end_pod<remove_pod>(door, request.pod_sandbox_id()));
  co_return v1::RemovePodSandboxResponse();
}

answer<v1::PodSandboxStatusResponse> pod_sandbox_status(context& door, const v1::PodSandboxStatusRequest& request) {
  (void)co_await pods_of(door); // so that they are shown to who asks next
  GANTRY_CO_LET(auto pod, co_await find_pod(door, request.pod_sandbox_id()));
  GANTRY_CO_LET(auto containers, co_await table_of(door));
  co_return answer_pod_status(door, *pod, *containers, request.verbose());
}

at_once<v1::PodSandboxStatusResponse> pod_sandbox_status_at_once(const context& door,
                                                                 const v1::PodSandboxStatusRequest& request) {
  auto pods = door.actors.boards->pods.look();
  auto containers = door.actors.boards->containers.look();
  auto pod = pods && containers ? row_with(pods->by_id, request.pod_sandbox_id()) : nullptr;
  if (!pod) return std::nullopt;
  return answer_pod_status(door, *pod, *containers, request.verbose());
}

answer<v1::ListPodSandboxResponse> list_pod_sandbox(context& door, const v1::ListPodSandboxRequest& request) {
  GANTRY_CO_LET(auto table, co_await pods_of(door));
  co_return answer_pod_list(*table, request.filter());
}

at_once<v1::ListPodSandboxResponse> list_pod_sandbox_at_once(const context& door,
                                                             const v1::ListPodSandboxRequest& request) {
  auto table = door.actors.boards->pods.look();
  if (!table) return std::nullopt;
  return answer_pod_list(*table, request.filter());
}

answer<void> stream_pod_sandboxes(context& door, const v1::StreamPodSandboxesRequest& request,
                                  sink<v1::StreamPodSandboxesResponse>& to) {
  v1::ListPodSandboxRequest same;
  *same.mutable_filter() = request.filter();
  GANTRY_CO_LET(auto all, co_await list_pod_sandbox(door, same));
  co_return co_await write_chunks(*all.mutable_items(), to, &v1::StreamPodSandboxesResponse::mutable_pod_sandboxes);
}

answer<v1::UpdatePodSandboxResourcesResponse>
update_pod_sandbox_resources(context& door, const v1::UpdatePodSandboxResourcesRequest& request) {
  GANTRY_CO_LET(auto resources, parse_resources(request.resources()));
  GANTRY_CO_LET(auto overhead, parse_resources(request.overhead()));
  GANTRY_CO_LET(auto pod, co_await find_pod(door, request.pod_sandbox_id()));
  update_pod message{pods_namespace, pod->name.id, with_overhead(std::move(resources), overhead)};
  GANTRY_CO_TRY(co_await ask_pods<done>(door, std::move(message), deadline::inner));
  co_return v1::UpdatePodSandboxResourcesResponse();
}

} // namespace gantry::cri::calls
