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

} // namespace

awaitable<v1::ContainerStatus> status_of(context& door, const container_record& of) {
  find_image wanted{pods_namespace, of.image_id.str()};
  auto image = co_await ask<found_image>(door, door.actors.images, std::move(wanted), deadline::inner);
  co_return render_container_status(of, image ? &*image : nullptr);
}

awaitable<result<std::vector<v1::ContainerStatus>>> statuses_of(context& door, const std::string& pod) {
  GANTRY_CO_LET(auto table, co_await table_of(door));
  std::vector<v1::ContainerStatus> made;
  for (const auto& row : table->rows) {
    if (!is_in_pod(*row, pod)) continue;
    auto one = co_await status_of(door, *row);
    made.push_back(std::move(one));
  }
  co_return made;
}

answer<v1::ListContainersResponse> list_containers(context& door, const v1::ListContainersRequest& request) {
  GANTRY_CO_LET(auto table, co_await table_of(door));
  v1::ListContainersResponse made;
  for (const auto& row : table->rows) {
    auto rendered = render_container(*row);
    if (fits(*row, rendered, request.filter())) *made.add_containers() = std::move(rendered);
  }
  co_return made;
}

answer<void> stream_containers(context& door, const v1::StreamContainersRequest& request,
                               sink<v1::StreamContainersResponse>& to) {
  v1::ListContainersRequest same;
  *same.mutable_filter() = request.filter();
  GANTRY_CO_LET(auto all, co_await list_containers(door, same));
  co_return co_await write_chunks(*all.mutable_containers(), to, &v1::StreamContainersResponse::mutable_containers);
}

answer<v1::ContainerStatusResponse> container_status(context& door, const v1::ContainerStatusRequest& request) {
  GANTRY_CO_LET(auto found, co_await find(door, request.container_id()));
  v1::ContainerStatusResponse made;
  auto status = co_await status_of(door, *found.view);
  *made.mutable_status() = std::move(status);
  if (request.verbose()) (*made.mutable_info())["info"] = container_info(*found.view);
  co_return made;
}

} // namespace gantry::cri::calls
