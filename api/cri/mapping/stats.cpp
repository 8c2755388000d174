#include "api/cri/mapping/stats.hpp"

#include "api/cri/mapping/containers.hpp"

namespace gantry::cri {
namespace {

void add(v1::UInt64Value& to, std::uint64_t value) { to.set_value(to.value() + value); }

v1::PsiData render_stall(const cgroup::stall& from) {
  v1::PsiData made;
  made.set_total(from.total_ns);
  made.set_avg10(from.avg10);
  made.set_avg60(from.avg60);
  made.set_avg300(from.avg300);
  return made;
}

/// `into` is a message that has a field psi.
template<class Usage>
void render_pressure(const std::optional<cgroup::pressure>& from, Usage& into) {
  if (!from) return;
  *into.mutable_psi()->mutable_some() = render_stall(from->some);
  *into.mutable_psi()->mutable_full() = render_stall(from->full);
}

v1::CpuUsage render_cpu(const door::usage& now) {
  v1::CpuUsage made;
  made.set_timestamp(now.taken_at);
  made.mutable_usage_core_nano_seconds()->set_value(now.counters.cpu_total_ns);
  render_pressure(now.counters.cpu_pressure, made);
  return made;
}

v1::MemoryUsage render_memory(const door::usage& now) {
  const auto& c = now.counters;
  auto working = working_set(c);
  v1::MemoryUsage made;
  made.set_timestamp(now.taken_at);
  made.mutable_usage_bytes()->set_value(c.memory_usage);
  made.mutable_working_set_bytes()->set_value(working);
  if (c.memory_limit != 0)
    made.mutable_available_bytes()->set_value(c.memory_limit - std::min(c.memory_limit, working));
  made.mutable_rss_bytes()->set_value(c.memory_rss);
  made.mutable_page_faults()->set_value(c.page_faults);
  made.mutable_major_page_faults()->set_value(c.major_page_faults);
  render_pressure(c.memory_pressure, made);
  return made;
}

v1::SwapUsage render_swap(const cgroup::swap_use& from, std::int64_t taken_at) {
  v1::SwapUsage made;
  made.set_timestamp(taken_at);
  made.mutable_swap_usage_bytes()->set_value(from.bytes);
  if (from.limit != 0) made.mutable_swap_available_bytes()->set_value(from.limit - std::min(from.limit, from.bytes));
  return made;
}

v1::FilesystemUsage render_writable(const writable_use& from, const std::string& root) {
  v1::FilesystemUsage made;
  made.set_timestamp(from.measured_at);
  made.mutable_fs_id()->set_mountpoint(root);
  made.mutable_used_bytes()->set_value(from.bytes);
  made.mutable_inodes_used()->set_value(from.inodes);
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

/// What cannot be dropped without more: cAdvisor's and the kubelet's meaning.
std::uint64_t working_set(const cgroup::stats& of) {
  return of.memory_usage - std::min(of.memory_usage, of.memory_inactive_file);
}

v1::ContainerStats render_container_stats(const container_record& of, const container_use& use,
                                          const std::string& root) {
  v1::ContainerStats made;
  auto& attributes = *made.mutable_attributes();
  attributes.set_id(of.name.id);
  *attributes.mutable_metadata() = render_metadata(of.options.in_pod);
  attributes.mutable_labels()->insert(of.options.labels.begin(), of.options.labels.end());
  attributes.mutable_annotations()->insert(of.options.annotations.begin(), of.options.annotations.end());
  if (use.layer) *made.mutable_writable_layer() = render_writable(*use.layer, root);
  if (!use.now) return made;
  const auto& now = *use.now;
  *made.mutable_cpu() = render_cpu(now);
  *made.mutable_memory() = render_memory(now);
  if (now.counters.swap) *made.mutable_swap() = render_swap(*now.counters.swap, now.taken_at);
  if (!now.counters.io_pressure) return made;
  made.mutable_io()->set_timestamp(now.taken_at);
  render_pressure(now.counters.io_pressure, *made.mutable_io());
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

void pod_stats::add(const v1::ContainerStats& container, const std::optional<door::usage>& now) {
  auto& all = *made_.mutable_linux();
  *all.add_containers() = container;
  if (!now) return;
  all.mutable_cpu()->set_timestamp(now->taken_at);
  cri::add(*all.mutable_cpu()->mutable_usage_core_nano_seconds(), now->counters.cpu_total_ns);
  all.mutable_memory()->set_timestamp(now->taken_at);
  cri::add(*all.mutable_memory()->mutable_usage_bytes(), container.memory().usage_bytes().value());
  cri::add(*all.mutable_memory()->mutable_working_set_bytes(), container.memory().working_set_bytes().value());
  cri::add(*all.mutable_memory()->mutable_rss_bytes(), container.memory().rss_bytes().value());
  cri::add(*all.mutable_memory()->mutable_page_faults(), container.memory().page_faults().value());
  cri::add(*all.mutable_memory()->mutable_major_page_faults(), container.memory().major_page_faults().value());
  all.mutable_process()->set_timestamp(now->taken_at);
  cri::add(*all.mutable_process()->mutable_process_count(), now->counters.pids);
  if (shares_network_ && !all.has_network()) *all.mutable_network() = render_network(*now);
}

} // namespace gantry::cri
