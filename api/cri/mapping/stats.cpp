#include "api/cri/mapping/stats.hpp"

#include "api/cri/mapping/containers.hpp"

namespace gantry::cri {
namespace {

void add(v1::UInt64Value& to, std::uint64_t value) { to.set_value(to.value() + value); }

v1::CpuUsage render_cpu(const door::usage& now) {
  v1::CpuUsage made;
  made.set_timestamp(now.taken_at);
  made.mutable_usage_core_nano_seconds()->set_value(now.counters.cpu_total_ns);
  return made;
}

/// The working set is what cannot be dropped without more: cAdvisor's and the kubelet's meaning.
v1::MemoryUsage render_memory(const door::usage& now) {
  const auto& c = now.counters;
  auto working = c.memory_usage - std::min(c.memory_usage, c.memory_inactive_file);
  v1::MemoryUsage made;
  made.set_timestamp(now.taken_at);
  made.mutable_usage_bytes()->set_value(c.memory_usage);
  made.mutable_working_set_bytes()->set_value(working);
  if (c.memory_limit != 0)
    made.mutable_available_bytes()->set_value(c.memory_limit - std::min(c.memory_limit, working));
  return made;
}

v1::NetworkInterfaceUsage render_interface(const std::string& name, const door::interface_counters& from) {
  v1::NetworkInterfaceUsage made;
  made.set_name(name);
  made.mutable_rx_bytes()->set_value(from.rx_bytes);
  made.mutable_rx_errors()->set_value(from.rx_errors);
  made.mutable_tx_bytes()->set_value(from.tx_bytes);
  made.mutable_tx_errors()->set_value(from.tx_errors);
  return made;
}

v1::NetworkUsage render_network(const door::usage& now) {
  constexpr auto first_interface = "eth0"; // CNI's name for a pod's own
  v1::NetworkUsage made;
  made.set_timestamp(now.taken_at);
  for (const auto& [name, counters] : now.networks)
    if (name == first_interface)
      *made.mutable_default_interface() = render_interface(name, counters);
    else
      *made.add_interfaces() = render_interface(name, counters);
  return made;
}

} // namespace

v1::ContainerStats render_container_stats(const container_record& of, const door::usage* now, const std::string& root) {
  v1::ContainerStats made;
  auto& attributes = *made.mutable_attributes();
  attributes.set_id(of.name.id);
  *attributes.mutable_metadata() = render_metadata(of.options.in_pod);
  attributes.mutable_labels()->insert(of.options.labels.begin(), of.options.labels.end());
  attributes.mutable_annotations()->insert(of.options.annotations.begin(), of.options.annotations.end());
  if (now == nullptr) return made;
  *made.mutable_cpu() = render_cpu(*now);
  *made.mutable_memory() = render_memory(*now);
  made.mutable_writable_layer()->set_timestamp(now->taken_at);
  made.mutable_writable_layer()->mutable_fs_id()->set_mountpoint(root);
  return made;
}

pod_stats::pod_stats(const pod_record& of) : shares_network_(of.options.network == namespace_mode::pod) {
  auto& attributes = *made_.mutable_attributes();
  attributes.set_id(of.name.id);
  const auto& metadata = of.options.metadata;
  attributes.mutable_metadata()->set_name(metadata.name);
  attributes.mutable_metadata()->set_uid(metadata.uid);
  attributes.mutable_metadata()->set_namespace_(metadata.ns);
  attributes.mutable_metadata()->set_attempt(metadata.attempt);
  attributes.mutable_labels()->insert(of.options.labels.begin(), of.options.labels.end());
  attributes.mutable_annotations()->insert(of.options.annotations.begin(), of.options.annotations.end());
  (void)made_.mutable_linux();
}

void pod_stats::add(const v1::ContainerStats& container, const door::usage* now) {
  auto& all = *made_.mutable_linux();
  *all.add_containers() = container;
  if (now == nullptr) return;
  all.mutable_cpu()->set_timestamp(now->taken_at);
  cri::add(*all.mutable_cpu()->mutable_usage_core_nano_seconds(), now->counters.cpu_total_ns);
  all.mutable_memory()->set_timestamp(now->taken_at);
  cri::add(*all.mutable_memory()->mutable_usage_bytes(), container.memory().usage_bytes().value());
  cri::add(*all.mutable_memory()->mutable_working_set_bytes(), container.memory().working_set_bytes().value());
  all.mutable_process()->set_timestamp(now->taken_at);
  cri::add(*all.mutable_process()->mutable_process_count(), now->counters.pids);
  if (shares_network_ && !all.has_network()) *all.mutable_network() = render_network(*now);
}

} // namespace gantry::cri
