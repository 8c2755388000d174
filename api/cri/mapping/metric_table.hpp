#pragma once

#include <span>
#include <string>
#include <vector>

#include "api/cri/mapping/stats.hpp"

namespace gantry::cri {

/// What metrics of one container, or of a pod's network, are made from.
struct metric_source {
  const container_record& container;
  const container_use& use; ///< `now` is there
};

/// One value, and the values of the labels that its metric has besides those of all.
struct metric_value {
  std::uint64_t value = 0;
  std::vector<std::string> labels{};
};

struct metric_kind {
  const char* name;
  const char* help;
  v1::MetricType type;
  std::vector<const char*> labels;                              ///< besides those of all
  std::vector<metric_value> (*read)(const metric_source& from); ///< none where there is nothing to say
};

/// Of a container.
std::span<const metric_kind> container_metrics();
/// Of a pod's network, by interface; read from any of its containers.
std::span<const metric_kind> network_metrics();

} // namespace gantry::cri
