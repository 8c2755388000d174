#include "actors/exit_routes.hpp"

namespace gantry {

std::optional<monitor::process_exited> exit_routes::watch(const key& container, container_supervisor_actor supervisor) {
  watchers_.insert_or_assign(container, std::move(supervisor));
  auto before = unclaimed_.extract(container);
  if (!before) return std::nullopt;
  return std::move(before.mapped());
}

void exit_routes::unwatch(const key& container) {
  watchers_.erase(container);
  forget(container);
}

const container_supervisor_actor* exit_routes::route(const monitor::process_exited& fact) {
  if (auto found = watchers_.find(fact.container); found != watchers_.end()) return &found->second;
  if (fact.exec_id.empty()) unclaimed_.insert_or_assign(fact.container, fact);
  return nullptr;
}

} // namespace gantry
