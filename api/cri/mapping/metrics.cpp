#include "api/cri/mapping/metrics.hpp"

#include "api/cri/mapping/metric_table.hpp"

namespace gantry::cri {
namespace {

/// Labels of all metrics, sorted by name as cAdvisor's.
constexpr std::array common_labels{"container", "id", "image", "name", "namespace", "pod"};

v1::MetricDescriptor describe(const metric_kind& kind) {
  v1::MetricDescriptor made;
  made.set_name(kind.name);
  made.set_help(kind.help);
  for (const char* one : common_labels) made.add_label_keys(one);
  for (const char* one : kind.labels) made.add_label_keys(one);
  return made;
}

void render(std::span<const metric_kind> kinds, const metric_source& from, const std::vector<std::string>& labels,
            google::protobuf::RepeatedPtrField<v1::Metric>& into) {
  for (const auto& kind : kinds)
    for (const auto& one : kind.read(from)) {
      auto& made = *into.Add();
      made.set_name(kind.name);
      made.set_metric_type(kind.type);
      made.mutable_value()->set_value(one.value);
      for (const auto& label : labels) made.add_label_values(label);
      for (const auto& label : one.labels) made.add_label_values(label);
    }
}

/// "/kubepods/pod1" of "/kubepods/pod1/<id>".
std::string above(const std::string& cgroup) { return cgroup.substr(0, cgroup.rfind('/')); }

} // namespace

std::vector<v1::MetricDescriptor> describe_metrics() {
  std::vector<v1::MetricDescriptor> made;
  for (const auto& kinds : {container_metrics(), network_metrics()})
    for (const auto& one : kinds) made.push_back(describe(one));
  return made;
}

pod_metrics::pod_metrics(const pod_record& of) : pod_(of) { made_.set_pod_sandbox_id(of.name.id); }

void pod_metrics::add(const container_record& container, const container_use& use) {
  if (!use.now) return;
  const auto& pod = pod_.options.metadata;
  const metric_source from{container, use};
  auto& made = *made_.add_container_metrics();
  made.set_container_id(container.name.id);
  render(container_metrics(), from,
         {container.options.in_pod.name, use.now->cgroup, container.options.image, container.name.id, pod.ns, pod.name},
         *made.mutable_metrics());
  if (has_network_ || pod_.options.network != namespace_mode::pod) return;
  has_network_ = true;
  render(network_metrics(), from, {"", above(use.now->cgroup), "", pod_.name.id, pod.ns, pod.name},
         *made_.mutable_metrics());
}

} // namespace gantry::cri
