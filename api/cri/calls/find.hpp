#pragma once

#include <algorithm>

#include "api/cri/context.hpp"

namespace gantry::cri::calls {

/// Who asks, for the turns of admission: the kubelet is one client.
inline constexpr auto client = "cri";

/// The container that a request names, by its id or a prefix of it. Errors: not_found, invalid_argument;
/// failed_precondition while it is being created.
awaitable<result<found_container>> find(context& door, const std::string& id);

/// All containers of pods, newest first.
awaitable<result<container_table_ptr>> table_of(context& door);

/// Of rows in the order of their ids, the one with exactly this id; null when there is none.
template<class View>
View row_with(const std::vector<View>& by_id, const std::string& id) {
  auto is_before = [](const View& row, const std::string& wanted) { return row->name.id < wanted; };
  auto found = std::lower_bound(by_id.begin(), by_id.end(), id, is_before);
  return found != by_id.end() && (*found)->name.id == id ? *found : View();
}

/// The pod that a request names, by its id or a prefix of it. Errors: not_found, invalid_argument.
awaitable<result<pod_view>> find_pod(context& door, const std::string& id);

awaitable<result<pod_table_ptr>> pods_of(context& door);

/// Asks the actor of all pods.
template<class Reply, class Request>
awaitable<result<Reply>> ask_pods(context& door, Request what, std::chrono::seconds within_time) {
  if (!door.actors.pods) co_return fail(errc::unavailable, "this engine keeps no pods");
  co_return co_await ask<Reply>(door, door.actors.pods, std::move(what), within_time);
}

/// Whether an error says that what was to go is gone already: success, for calls that must be idempotent.
inline bool is_gone(const error& why) { return why.code == errc::not_found; }

/// The wall clock.
unix_nanos now();

} // namespace gantry::cri::calls
