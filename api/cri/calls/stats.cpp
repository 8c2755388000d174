#include <algorithm>
#include <set>

#include "api/cri/calls/calls.hpp"
#include "api/cri/calls/chunks.hpp"
#include "api/cri/calls/find.hpp"
#include "api/cri/calls/measure.hpp"
#include "api/cri/mapping/filters.hpp"
#include "api/cri/mapping/stats.hpp"

namespace gantry::cri::calls {
namespace {

using rows = std::vector<container_view>;

rows rows_of(const container_table& table, const v1::ContainerStatsFilter& filter) {
  rows made;
  std::copy_if(table.rows.begin(), table.rows.end(), std::back_inserter(made), [&](const container_view& row) {
    return has_id(row->name.id, filter.id()) && is_in_pod(*row, filter.pod_sandbox_id()) &&
           has_labels(row->options.labels, filter.label_selector());
  });
  return made;
}

/// The containers of these pods.
rows of_pods(const container_table& table, const std::vector<pod_view>& pods) {
  std::set<std::string> wanted;
  for (const auto& pod : pods) wanted.insert(pod->name.id);
  rows made;
  for (const auto& row : table.rows)
    if (wanted.contains(row->options.in_pod.pod.id)) made.push_back(row);
  return made;
}

/// The stats of pods, and of each the containers'.
awaitable<result<std::vector<v1::PodSandboxStats>>> stats_of(context& door, std::vector<pod_view> pods) {
  GANTRY_CO_LET(auto table, co_await table_of(door));
  GANTRY_CO_LET(auto all, co_await measure(door, of_pods(*table, pods)));
  std::vector<v1::PodSandboxStats> made;
  for (const auto& pod : pods) {
    pod_stats stats(*pod);
    for (const auto& row : table->rows) {
      if (row->options.in_pod.pod != pod->name) continue;
      const auto& use = all[row->name.id];
      stats.add(render_container_stats(*row, use, door.facts.root), use.now);
    }
    made.push_back(stats.take());
  }
  co_return made;
}

} // namespace

answer<v1::ContainerStatsResponse> container_stats(context& door, const v1::ContainerStatsRequest& request) {
  GANTRY_CO_LET(auto found, co_await find(door, request.container_id()));
  rows one{found.view};
  GANTRY_CO_LET(auto all, co_await measure(door, std::move(one)));
  v1::ContainerStatsResponse made;
  *made.mutable_stats() = render_container_stats(*found.view, all[found.name.id], door.facts.root);
  co_return made;
}

answer<v1::ListContainerStatsResponse> list_container_stats(context& door,
                                                            const v1::ListContainerStatsRequest& request) {
  GANTRY_CO_LET(auto table, co_await table_of(door));
  auto wanted = rows_of(*table, request.filter());
  GANTRY_CO_LET(auto all, co_await measure(door, wanted));
  v1::ListContainerStatsResponse made;
  for (const auto& row : wanted)
    if (const auto& use = all[row->name.id]; use.now)
      *made.add_stats() = render_container_stats(*row, use, door.facts.root);
  co_return made;
}

answer<void> stream_container_stats(context& door, const v1::StreamContainerStatsRequest& request,
                                    sink<v1::StreamContainerStatsResponse>& to) {
  v1::ListContainerStatsRequest same;
  *same.mutable_filter() = request.filter();
  GANTRY_CO_LET(auto all, co_await list_container_stats(door, same));
  co_return co_await write_chunks(*all.mutable_stats(), to, &v1::StreamContainerStatsResponse::mutable_container_stats);
}

answer<v1::PodSandboxStatsResponse> pod_sandbox_stats(context& door, const v1::PodSandboxStatsRequest& request) {
  GANTRY_CO_LET(auto pod, co_await find_pod(door, request.pod_sandbox_id()));
  std::vector<pod_view> one{pod};
  GANTRY_CO_LET(auto all, co_await stats_of(door, std::move(one)));
  v1::PodSandboxStatsResponse made;
  *made.mutable_stats() = std::move(all.front());
  co_return made;
}

answer<v1::ListPodSandboxStatsResponse> list_pod_sandbox_stats(context& door,
                                                               const v1::ListPodSandboxStatsRequest& request) {
  GANTRY_CO_LET(auto table, co_await pods_of(door));
  const auto& filter = request.filter();
  std::vector<pod_view> wanted;
  for (const auto& row : table->rows)
    if (row->now == pod_phase::ready && has_id(row->name.id, filter.id()) &&
        has_labels(row->options.labels, filter.label_selector()))
      wanted.push_back(row);
  GANTRY_CO_LET(auto all, co_await stats_of(door, std::move(wanted)));
  v1::ListPodSandboxStatsResponse made;
  for (auto& one : all) *made.add_stats() = std::move(one);
  co_return made;
}

answer<void> stream_pod_sandbox_stats(context& door, const v1::StreamPodSandboxStatsRequest& request,
                                      sink<v1::StreamPodSandboxStatsResponse>& to) {
  v1::ListPodSandboxStatsRequest same;
  *same.mutable_filter() = request.filter();
  GANTRY_CO_LET(auto all, co_await list_pod_sandbox_stats(door, same));
  co_return co_await write_chunks(*all.mutable_stats(), to,
                                  &v1::StreamPodSandboxStatsResponse::mutable_pod_sandbox_stats);
}

} // namespace gantry::cri::calls
