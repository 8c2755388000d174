#include "api/cri/calls/find.hpp"

namespace gantry::cri::calls {

awaitable<result<found_container>> find(context& door, const std::string& id) {
  if (id.empty()) co_return fail(errc::invalid_argument, "container_id is empty: name a container");
  find_container wanted{pods_namespace, id};
  auto found = co_await ask<found_container>(door, door.actors.catalog, std::move(wanted), deadline::inner);
  if (found && !found->view)
    co_return fail(errc::failed_precondition, "container {} is being created; try again when that is done", id);
  co_return found;
}

awaitable<result<container_table_ptr>> table_of(context& door) {
  gantry::list_containers all{pods_namespace};
  co_return co_await ask<container_table_ptr>(door, door.actors.catalog, std::move(all), deadline::inner);
}

awaitable<result<pod_view>> find_pod(context& door, const std::string& id) {
  if (id.empty()) co_return fail(errc::invalid_argument, "pod_sandbox_id is empty: name a pod");
  gantry::find_pod wanted{pods_namespace, id};
  co_return co_await ask_pods<pod_view>(door, std::move(wanted), deadline::inner);
}

awaitable<result<pod_table_ptr>> pods_of(context& door) {
  list_pods all{pods_namespace};
  co_return co_await ask_pods<pod_table_ptr>(door, std::move(all), deadline::inner);
}

unix_nanos now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

} // namespace gantry::cri::calls
