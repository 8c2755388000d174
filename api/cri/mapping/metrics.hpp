#pragma once

#include "api/cri/mapping/stats.hpp"

/// Metrics under cAdvisor's names, with its labels: what the kubelet shows at /metrics/cadvisor when it takes them from
/// the CRI. The CRI's values are whole numbers, so seconds are whole ones.
namespace gantry::cri {

/// All metrics that a response may hold.
std::vector<v1::MetricDescriptor> describe_metrics();

/// One pod's. Containers that do not run have none.
class pod_metrics {
public:
  explicit pod_metrics(const pod_record& of);
  void add(const container_record& container, const container_use& use);
  v1::PodSandboxMetrics take() { return std::move(made_); }

private:
  const pod_record& pod_;
  v1::PodSandboxMetrics made_;
  bool has_network_ = false; ///< of the pod's own: said once, by whichever container told it
};

} // namespace gantry::cri
