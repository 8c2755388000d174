#include <map>
#include <optional>

#include "api/cri/calls/calls.hpp"
#include "api/cri/calls/find.hpp"
#include "api/cri/calls/statuses.hpp"
#include "api/cri/mapping/pods.hpp"
#include "api/door/event_feed.hpp"

namespace gantry::cri::calls {
namespace {

std::optional<v1::ContainerEventType> type_of(const event& e) {
  static const std::map<std::string, v1::ContainerEventType> known{{"create", v1::CONTAINER_CREATED_EVENT},
                                                                   {"start", v1::CONTAINER_STARTED_EVENT},
                                                                   {"die", v1::CONTAINER_STOPPED_EVENT},
                                                                   {"destroy", v1::CONTAINER_DELETED_EVENT}};
  if (e.type != event::subject::container) return std::nullopt;
  auto found = known.find(e.action);
  return found == known.end() ? std::nullopt : std::optional(found->second);
}

using pods_of_containers = std::map<std::string, std::string>;

/// A container that is gone is in no table any more: its pod is known from before.
void remember(const container_table& table, pods_of_containers& into) {
  for (const auto& row : table.rows) into[row->name.id] = row->options.in_pod.pod.id;
}

awaitable<void> describe_pod(context& door, const std::string& pod, v1::ContainerEventResponse& into) {
  auto found = co_await find_pod(door, pod);
  if (found) *into.mutable_pod_sandbox_status() = render_pod_status(**found);
  auto statuses = co_await statuses_of(door, pod);
  if (!statuses) co_return;
  for (auto& one : *statuses) *into.add_containers_statuses() = std::move(one);
}

/// False when the client is gone.
awaitable<bool> send(context& door, const event& e, v1::ContainerEventType type, pods_of_containers& pods,
                     sink<v1::ContainerEventResponse>& to) {
  auto table = co_await table_of(door);
  if (table) remember(**table, pods);
  v1::ContainerEventResponse made;
  made.set_container_id(e.id);
  made.set_container_event_type(type);
  made.set_created_at(e.time);
  if (!pods[e.id].empty()) co_await describe_pod(door, pods[e.id], made);
  if (type == v1::CONTAINER_DELETED_EVENT) pods.erase(e.id);
  co_return co_await to.write(std::move(made));
}

} // namespace

/// A client that is too slow loses events; the kubelet lists everything every few minutes for that.
answer<void> get_container_events(context& door, const v1::GetEventsRequest&, sink<v1::ContainerEventResponse>& to) {
  subscribe_events subscribe;
  subscribe.ns = pods_namespace;
  GANTRY_CO_LET(auto feed, co_await door::event_feed::open(door, door.actors.events, std::move(subscribe)));
  pods_of_containers pods;
  auto table = co_await table_of(door);
  if (table) remember(**table, pods);
  to.begin();
  for (;;) {
    GANTRY_CO_LET(auto batch, co_await feed->next());
    for (const auto& e : batch.events) {
      auto type = type_of(e);
      if (!type) continue;
      auto taken = co_await send(door, e, *type, pods, to);
      if (!taken) co_return result<void>();
    }
  }
}

} // namespace gantry::cri::calls
