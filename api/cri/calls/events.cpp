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

/// One of the pod itself (actors/pods.cpp).
bool is_of_pod(const event& e) { return e.attributes.contains("sandbox"); }

/// What is gone is in no table any more: whose it was, and how a pod was last, is known from before.
struct memory {
  std::map<std::string, std::string> pods_of_containers;
  std::map<std::string, pod_view> pods;
};

awaitable<memory> remember_all(context& door) {
  memory made;
  auto containers = co_await table_of(door);
  if (containers)
    for (const auto& row : (*containers)->rows) made.pods_of_containers[row->name.id] = row->options.in_pod.pod.id;
  auto pods = co_await pods_of(door);
  if (pods)
    for (const auto& row : (*pods)->rows) made.pods[row->name.id] = row;
  co_return made;
}

/// The pod that an event is about, or is about a container of; empty when nobody knows it.
awaitable<std::string> pod_of(context& door, const event& e, memory& known) {
  if (is_of_pod(e)) co_return e.id;
  auto& pod = known.pods_of_containers[e.id];
  if (!pod.empty()) co_return pod;
  auto found = co_await find(door, e.id);
  if (found) known.pods_of_containers[e.id] = found->view->options.in_pod.pod.id;
  co_return known.pods_of_containers[e.id];
}

awaitable<void> describe_pod(context& door, const std::string& pod, memory& known, v1::ContainerEventResponse& into) {
  auto found = co_await find_pod(door, pod);
  if (found) known.pods[pod] = *found;
  auto last = known.pods.find(pod);
  if (last == known.pods.end()) co_return;
  auto status = render_pod_status(*last->second);
  if (!found) status.set_state(v1::SANDBOX_NOTREADY);
  *into.mutable_pod_sandbox_status() = std::move(status);
  auto containers = co_await table_of(door);
  if (!containers) co_return;
  for (auto& one : statuses_of(door, **containers, pod)) *into.add_containers_statuses() = std::move(one);
}

void forget(const event& e, memory& known) {
  if (is_of_pod(e))
    known.pods.erase(e.id);
  else
    known.pods_of_containers.erase(e.id);
}

/// A pod's own events have its id for a container's: its sandbox is the first of its containers. False when the client
/// is gone.
awaitable<bool> send(context& door, const event& e, v1::ContainerEventType type, memory& known,
                     sink<v1::ContainerEventResponse>& to) {
  v1::ContainerEventResponse made;
  made.set_container_id(e.id);
  made.set_container_event_type(type);
  made.set_created_at(e.time);
  auto pod = co_await pod_of(door, e, known);
  if (!pod.empty()) co_await describe_pod(door, pod, known, made);
  if (type == v1::CONTAINER_DELETED_EVENT) forget(e, known);
  co_return co_await to.write(std::move(made));
}

} // namespace

/// A client that is too slow loses events; the kubelet lists everything every few minutes for that.
answer<void> get_container_events(context& door, const v1::GetEventsRequest&, sink<v1::ContainerEventResponse>& to) {
  subscribe_events subscribe;
  subscribe.ns = pods_namespace;
  GANTRY_CO_LET(auto feed, co_await door::event_feed::open(door, door.actors.events, std::move(subscribe)));
  auto known = co_await remember_all(door);
  to.begin();
  for (;;) {
    GANTRY_CO_LET(auto batch, co_await feed->next());
    if (batch.missed != 0) known = co_await remember_all(door); // what ended unseen is not remembered for ever
    for (const auto& e : batch.events) {
      auto type = type_of(e);
      if (!type) continue;
      auto taken = co_await send(door, e, *type, known, to);
      if (!taken) co_return result<void>();
    }
  }
}

} // namespace gantry::cri::calls
