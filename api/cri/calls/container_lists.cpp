#include "api/cri/calls/calls.hpp"
#include "api/cri/calls/chunks.hpp"
#include "api/cri/calls/find.hpp"
#include "api/cri/calls/statuses.hpp"
#include "api/cri/mapping/containers.hpp"
#include "api/cri/mapping/filters.hpp"
#include "api/cri/mapping/info.hpp"

namespace gantry::cri::calls {
namespace {

bool fits(const container_record& of, const v1::Container& rendered, const v1::ContainerFilter& filter) {
  return has_id(of.name.id, filter.id()) && is_in_pod(of, filter.pod_sandbox_id()) &&
         has_labels(of.options.labels, filter.label_selector()) &&
         (!filter.has_state() || filter.state().state() == rendered.state());
}

std::string container_info(const container_record& of) {
  nlohmann::json made;
  made["sandboxID"] = of.options.in_pod.pod.id;
  made["pid"] = of.state.pid;
  made["launcher"] = of.state.launcher;
  made["snapshot"] = of.snapshot;
  made["args"] = of.args;
  made["env"] = of.effective_env;
  made["user"] = of.effective_user;
  made["workingDir"] = of.effective_working_dir;
  made["restartCount"] = of.state.restart_count;
  made["privileged"] = of.options.privileged;
  return info_text(made);
}

v1::ListContainersResponse answer_list(const container_table& all, const v1::ContainerFilter& filter) {
  v1::ListContainersResponse made;
  for (const auto& row : all.rows) {
    auto rendered = render_container(*row);
    if (fits(*row, rendered, filter)) *made.add_containers() = std::move(rendered);
  }
  return made;
}

v1::ContainerStatusResponse answer_status(const context& door, const container_record& of, bool verbose) {
  v1::ContainerStatusResponse made;
  *made.mutable_status() = status_of(door, of);
  if (verbose) (*made.mutable_info())["info"] = container_info(of);
  return made;
}

} // namespace

v1::ContainerStatus status_of(const context& door, const container_record& of) {
  auto images = door.actors.boards->images.look();
  auto found = images ? images->find(of.image_id) : image_table::const_iterator();
  return render_container_status(of, images && found != images->end() ? &found->second : nullptr);
}

std::vector<v1::ContainerStatus> statuses_of(const context& door, const container_table& all, const std::string& pod) {
  std::vector<v1::ContainerStatus> made;
  for (const auto& row : all.rows)
    if (is_in_pod(*row, pod)) made.push_back(status_of(door, *row));
  return made;
}

answer<v1::ListContainersResponse> list_containers(context& door, const v1::ListContainersRequest& request) {
  GANTRY_CO_LET(auto table, co_await table_of(door));
  co_return answer_list(*table, request.filter());
}

at_once<v1::ListContainersResponse> list_containers_at_once(const context& door,
                                                            const v1::ListContainersRequest& request) {
  auto table = door.actors.boards->containers.look();
  if (!table) return std::nullopt;
  return answer_list(*table, request.filter());
}

answer<void> stream_containers(context& door, const v1::StreamContainersRequest& request,
                               sink<v1::StreamContainersResponse>& to) {
  v1::ListContainersRequest same;
  *same.mutable_filter() = request.filter();
  GANTRY_CO_LET(auto all, co_await list_containers(door, same));
  co_return co_await write_chunks(*all.mutable_containers(), to, &v1::StreamContainersResponse::mutable_containers);
}

/// The table is asked for so that it is shown: who asks next, and the kubelet asks of all, is answered at once.
answer<v1::ContainerStatusResponse> container_status(context& door, const v1::ContainerStatusRequest& request) {
  GANTRY_CO_LET(auto table, co_await table_of(door));
  if (auto row = row_with(table->by_id, request.container_id())) co_return answer_status(door, *row, request.verbose());
  GANTRY_CO_LET(auto found, co_await find(door, request.container_id()));
  co_return answer_status(door, *found.view, request.verbose());
}

at_once<v1::ContainerStatusResponse> container_status_at_once(const context& door,
                                                              const v1::ContainerStatusRequest& request) {
  auto table = door.actors.boards->containers.look();
  auto row = table ? row_with(table->by_id, request.container_id()) : nullptr;
  if (!row) return std::nullopt;
  return answer_status(door, *row, request.verbose());
}

} // namespace gantry::cri::calls
