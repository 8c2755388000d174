#include "api/cri/mapping/metric_table.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace gantry::cri {
namespace readers { // short names, which other files' would meet
namespace {

using values = std::vector<metric_value>;
using source = metric_source;

constexpr std::uint64_t second = 1'000'000'000;

const cgroup::stats& counters(const source& from) { return from.use.now->counters; }
const resource_limits& limits(const source& from) { return from.container.options.resources; }

/// One of the counters, divided by `Unit`.
template<auto Member, std::uint64_t Unit = 1>
values counter(const source& from) {
  return {{counters(from).*Member / Unit}};
}

/// memory.stat has other names in v1 (with those below it) and v2.
values detail(const source& from, const char* v1_name, const char* v2_name) {
  const auto& all = counters(from).memory_details;
  for (const char* name : {v1_name, v2_name})
    if (auto found = all.find(name); found != all.end()) return {{found->second}};
  return {};
}
values cache(const source& from) { return detail(from, "total_cache", "file"); }
values mapped_file(const source& from) { return detail(from, "total_mapped_file", "file_mapped"); }
values working(const source& from) { return {{working_set(counters(from))}}; }

values swapped(const source& from) {
  const auto& swap = counters(from).swap;
  return {{swap ? swap->bytes : 0}};
}

values faults(const source& from) {
  const auto& c = counters(from);
  return {{c.page_faults, {"pgfault", "container"}}, {c.major_page_faults, {"pgmajfault", "container"}}};
}

/// Some: a part of the processes waited; all: none could go on.
enum class who { some, all };
template<auto Member, who Whose>
values stalled(const source& from) {
  const auto& found = counters(from).*Member;
  if (!found) return {};
  return {{(Whose == who::all ? found->full : found->some).total_ns / second}};
}

bool is(const cgroup::block_count& one, std::string_view word) {
  return one.operation.size() == word.size() &&
         std::equal(word.begin(), word.end(), one.operation.begin(), [](char a, char b) { return a == (b | 0x20); });
}

template<auto Member>
values block(const source& from, const char* operation) {
  values made;
  for (const auto& one : counters(from).*Member)
    if (is(one, operation)) made.push_back({one.value, {fmt::format("{}:{}", one.major, one.minor)}});
  return made;
}
template<auto Member>
values block_reads(const source& from) {
  return block<Member>(from, "read");
}
template<auto Member>
values block_writes(const source& from) {
  return block<Member>(from, "write");
}

/// By device as cAdvisor says it: of a writable layer it does not know which.
values layer(const source& from) { return {{from.use.layer ? from.use.layer->bytes : 0, {""}}}; }

template<auto Member>
values disk(const source& from) {
  return {{from.use.more.*Member, {""}}};
}

template<auto Member>
values footprint(const source& from) {
  return {{from.use.more.*Member}};
}

values block_devices(const source& from) {
  values made;
  for (const auto& one : counters(from).block_bytes) {
    auto major = std::to_string(one.major), minor = std::to_string(one.minor);
    made.push_back({one.value, {"", major, minor, one.operation}});
  }
  return made;
}

values started(const source& from) { return {{static_cast<std::uint64_t>(from.container.state.started_at) / second}}; }
values last_seen(const source& from) { return {{static_cast<std::uint64_t>(from.use.now->taken_at) / second}}; }

template<auto Member>
values limit(const source& from) {
  auto value = limits(from).*Member;
  return {{value > 0 ? static_cast<std::uint64_t>(value) : 0}};
}

template<auto Member>
values interfaces(const source& from) {
  values made;
  for (const auto& [name, one] : from.use.now->networks) made.push_back({one.*Member, {name}});
  return made;
}

using kernel = cgroup::stats;
using link = door::interface_counters;

using kinds = std::vector<metric_kind>;

kinds cpu_kinds() {
  return {
      {"container_cpu_usage_seconds_total", "CPU time used", v1::COUNTER, {}, counter<&kernel::cpu_total_ns, second>},
      {"container_cpu_user_seconds_total",
       "CPU time in user mode",
       v1::COUNTER,
       {},
       counter<&kernel::cpu_user_ns, second>},
      {"container_cpu_system_seconds_total",
       "CPU time in the kernel",
       v1::COUNTER,
       {},
       counter<&kernel::cpu_system_ns, second>},
      {"container_cpu_cfs_periods_total", "Periods of the CPU quota", v1::COUNTER, {}, counter<&kernel::cpu_periods>},
      {"container_cpu_cfs_throttled_periods_total",
       "Periods that were throttled",
       v1::COUNTER,
       {},
       counter<&kernel::cpu_throttled_periods>},
      {"container_cpu_cfs_throttled_seconds_total",
       "Time throttled",
       v1::COUNTER,
       {},
       counter<&kernel::cpu_throttled_ns, second>},
  };
}

kinds memory_kinds() {
  return {
      {"container_memory_usage_bytes",
       "Memory charged, caches included",
       v1::GAUGE,
       {},
       counter<&kernel::memory_usage>},
      {"container_memory_working_set_bytes", "Memory that cannot be dropped", v1::GAUGE, {}, working},
      {"container_memory_rss", "Anonymous memory", v1::GAUGE, {}, counter<&kernel::memory_rss>},
      {"container_memory_cache", "Page cache", v1::GAUGE, {}, cache},
      {"container_memory_mapped_file", "Mapped files", v1::GAUGE, {}, mapped_file},
      {"container_memory_swap", "Swap used", v1::GAUGE, {}, swapped},
      {"container_memory_max_usage_bytes", "Most memory ever charged", v1::GAUGE, {}, counter<&kernel::memory_peak>},
      {"container_memory_failcnt", "How often the limit was met", v1::COUNTER, {}, counter<&kernel::memory_failures>},
      {"container_memory_failures_total", "Page faults", v1::COUNTER, {"failure_type", "scope"}, faults},
      {"container_oom_events_total",
       "Processes that the OOM killer took",
       v1::COUNTER,
       {},
       counter<&kernel::oom_kills>},
      {"container_memory_kernel_usage", "The kernel's own memory", v1::GAUGE, {}, counter<&kernel::memory_kernel>},
  };
}

kinds file_kinds() {
  return {
      {"container_file_descriptors", "Open files", v1::GAUGE, {}, footprint<&door::footprint::open_files>},
      {"container_sockets", "Open sockets", v1::GAUGE, {}, footprint<&door::footprint::sockets>},
      {"container_blkio_device_usage_total",
       "Bytes by device",
       v1::COUNTER,
       {"device", "major", "minor", "operation"},
       block_devices},
      {"container_fs_usage_bytes", "The writable layer", v1::GAUGE, {"device"}, layer},
      {"container_fs_limit_bytes", "The file system's size", v1::GAUGE, {"device"}, disk<&door::footprint::disk_bytes>},
      {"container_fs_inodes_total", "Its inodes", v1::GAUGE, {"device"}, disk<&door::footprint::inodes>},
      {"container_fs_inodes_free", "Its free inodes", v1::GAUGE, {"device"}, disk<&door::footprint::inodes_free>},
      {"container_fs_reads_bytes_total", "Bytes read", v1::COUNTER, {"device"}, block_reads<&kernel::block_bytes>},
      {"container_fs_writes_bytes_total", "Bytes written", v1::COUNTER, {"device"}, block_writes<&kernel::block_bytes>},
      {"container_fs_reads_total", "Reads", v1::COUNTER, {"device"}, block_reads<&kernel::block_operations>},
      {"container_fs_writes_total", "Writes", v1::COUNTER, {"device"}, block_writes<&kernel::block_operations>},
  };
}

kinds pressure_kinds() {
  return {
      {"container_pressure_cpu_waiting_seconds_total",
       "Time that some processes waited for a CPU",
       v1::COUNTER,
       {},
       stalled<&kernel::cpu_pressure, who::some>},
      {"container_pressure_cpu_stalled_seconds_total",
       "Time that all processes waited for a CPU",
       v1::COUNTER,
       {},
       stalled<&kernel::cpu_pressure, who::all>},
      {"container_pressure_memory_waiting_seconds_total",
       "Time that some processes waited for memory",
       v1::COUNTER,
       {},
       stalled<&kernel::memory_pressure, who::some>},
      {"container_pressure_memory_stalled_seconds_total",
       "Time that all processes waited for memory",
       v1::COUNTER,
       {},
       stalled<&kernel::memory_pressure, who::all>},
      {"container_pressure_io_waiting_seconds_total",
       "Time that some processes waited for disks",
       v1::COUNTER,
       {},
       stalled<&kernel::io_pressure, who::some>},
      {"container_pressure_io_stalled_seconds_total",
       "Time that all processes waited for disks",
       v1::COUNTER,
       {},
       stalled<&kernel::io_pressure, who::all>},
  };
}

kinds life_and_limit_kinds() {
  return {
      {"container_threads", "Threads", v1::GAUGE, {}, counter<&kernel::pids>},
      {"container_threads_max", "Threads allowed; 0: no limit", v1::GAUGE, {}, counter<&kernel::pids_limit>},
      {"container_processes", "Processes", v1::GAUGE, {}, footprint<&door::footprint::processes>},
      {"container_start_time_seconds", "When it was started, unix time", v1::GAUGE, {}, started},
      {"container_last_seen", "When this was read, unix time", v1::GAUGE, {}, last_seen},
      {"container_spec_memory_limit_bytes", "Its limit", v1::GAUGE, {}, limit<&resource_limits::memory>},
      {"container_spec_memory_reservation_limit_bytes",
       "Its soft limit",
       v1::GAUGE,
       {},
       limit<&resource_limits::memory_reservation>},
      {"container_spec_memory_swap_limit_bytes",
       "Its limit with swap",
       v1::GAUGE,
       {},
       limit<&resource_limits::memory_swap>},
      {"container_spec_cpu_shares", "Its shares", v1::GAUGE, {}, limit<&resource_limits::cpu_shares>},
      {"container_spec_cpu_quota", "Its quota, us", v1::GAUGE, {}, limit<&resource_limits::cpu_quota>},
      {"container_spec_cpu_period", "Its quota's period, us", v1::GAUGE, {}, limit<&resource_limits::cpu_period>},
  };
}

const kinds& table() {
  static const kinds all = [] {
    kinds made;
    for (const auto& some : {cpu_kinds(), memory_kinds(), file_kinds(), pressure_kinds(), life_and_limit_kinds()})
      made.insert(made.end(), some.begin(), some.end());
    return made;
  }();
  return all;
}

const std::vector<metric_kind>& network_table() {
  static const std::vector<metric_kind> all{
      {"container_network_receive_bytes_total", "Bytes in", v1::COUNTER, {"interface"}, interfaces<&link::rx_bytes>},
      {"container_network_receive_packets_total",
       "Packets in",
       v1::COUNTER,
       {"interface"},
       interfaces<&link::rx_packets>},
      {"container_network_receive_packets_dropped_total",
       "Packets in that were dropped",
       v1::COUNTER,
       {"interface"},
       interfaces<&link::rx_dropped>},
      {"container_network_receive_errors_total", "Errors in", v1::COUNTER, {"interface"}, interfaces<&link::rx_errors>},
      {"container_network_transmit_bytes_total", "Bytes out", v1::COUNTER, {"interface"}, interfaces<&link::tx_bytes>},
      {"container_network_transmit_packets_total",
       "Packets out",
       v1::COUNTER,
       {"interface"},
       interfaces<&link::tx_packets>},
      {"container_network_transmit_packets_dropped_total",
       "Packets out that were dropped",
       v1::COUNTER,
       {"interface"},
       interfaces<&link::tx_dropped>},
      {"container_network_transmit_errors_total",
       "Errors out",
       v1::COUNTER,
       {"interface"},
       interfaces<&link::tx_errors>},
  };
  return all;
}

} // namespace
} // namespace readers

std::span<const metric_kind> container_metrics() { return readers::table(); }
std::span<const metric_kind> network_metrics() { return readers::network_table(); }

} // namespace gantry::cri
