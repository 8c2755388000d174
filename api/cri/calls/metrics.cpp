#include "api/cri/mapping/metrics.hpp"
#include "api/cri/calls/calls.hpp"
#include "api/cri/calls/chunks.hpp"
#include "api/cri/calls/find.hpp"
#include "api/cri/calls/measure.hpp"

namespace gantry::cri::calls {

answer<v1::ListMetricDescriptorsResponse> list_metric_descriptors(context&, const v1::ListMetricDescriptorsRequest&) {
  v1::ListMetricDescriptorsResponse made;
  for (auto& one : describe_metrics()) *made.add_descriptors() = std::move(one);
  co_return made;
}

answer<v1::ListPodSandboxMetricsResponse> list_pod_sandbox_metrics(context& door,
                                                                   const v1::ListPodSandboxMetricsRequest&) {
  GANTRY_CO_LET(auto pods, co_await pods_of(door));
  GANTRY_CO_LET(auto table, co_await table_of(door));
  GANTRY_CO_LET(auto all, co_await measure_all(door, table->rows));
  std::map<std::string, std::vector<container_view>> members;
  for (const auto& row : table->rows) members[row->options.in_pod.pod.id].push_back(row);
  v1::ListPodSandboxMetricsResponse made;
  for (const auto& pod : pods->rows) {
    if (pod->now != pod_phase::ready) continue;
    pod_metrics one(*pod);
    for (const auto& row : members[pod->name.id]) one.add(*row, all[row->name.id]);
    *made.add_pod_metrics() = one.take();
  }
  co_return made;
}

answer<void> stream_pod_sandbox_metrics(context& door, const v1::StreamPodSandboxMetricsRequest&,
                                        sink<v1::StreamPodSandboxMetricsResponse>& to) {
  const v1::ListPodSandboxMetricsRequest same;
  GANTRY_CO_LET(auto all, co_await list_pod_sandbox_metrics(door, same));
  co_return co_await write_chunks(*all.mutable_pod_metrics(), to,
                                  &v1::StreamPodSandboxMetricsResponse::mutable_pod_sandbox_metrics);
}

} // namespace gantry::cri::calls
