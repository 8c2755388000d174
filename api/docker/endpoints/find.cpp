#include "api/docker/endpoints/find.hpp"

namespace gantry::docker::endpoints {

awaitable<result<found_container>> find(context& door, std::string name) {
  auto shown = name;
  find_container wanted{docker_namespace, std::move(name)};
  auto found = co_await ask<found_container>(door, door.actors.catalog, std::move(wanted), deadline::inner);
  if (found && !found->view)
    co_return fail(errc::failed_precondition, "container {} is being created; try again when that is done", shown);
  co_return found;
}

awaitable<result<container_table_ptr>> table_of(context& door) {
  list_containers all{docker_namespace};
  co_return co_await ask<container_table_ptr>(door, door.actors.catalog, std::move(all), deadline::inner);
}

std::vector<network_endpoint> endpoints_of(const container_table& table, const key& name) {
  for (std::size_t i = 0; i < table.rows.size(); ++i)
    if (table.rows[i]->name == name) return table.endpoints[i];
  return {};
}

unix_nanos now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

} // namespace gantry::docker::endpoints
