#include "api/cri/mapping/resources.hpp"

#include <algorithm>

namespace gantry::cri {
namespace {

result<std::int64_t> amount(const char* field, std::int64_t value, std::int64_t least = 0) {
  if (value >= least) return value;
  return fail(errc::invalid_argument, "resources.{} is {}: it must be at least {}", field, value, least);
}

} // namespace

result<resource_limits> parse_resources(const v1::LinuxContainerResources& from) {
  resource_limits made;
  GANTRY_LET(made.cpu_period, amount("cpu_period", from.cpu_period()));
  GANTRY_LET(made.cpu_quota, amount("cpu_quota", from.cpu_quota(), -1));
  GANTRY_LET(made.cpu_shares, amount("cpu_shares", from.cpu_shares()));
  GANTRY_LET(made.memory, amount("memory_limit_in_bytes", from.memory_limit_in_bytes()));
  GANTRY_LET(made.memory_swap, amount("memory_swap_limit_in_bytes", from.memory_swap_limit_in_bytes(), -1));
  made.cpuset_cpus = from.cpuset_cpus();
  made.cpuset_mems = from.cpuset_mems();
  for (const auto& one : from.hugepage_limits()) {
    auto bytes = std::min<std::uint64_t>(one.limit(), INT64_MAX); // more than there can be is no limit
    made.hugepages.push_back({one.page_size(), static_cast<std::int64_t>(bytes)});
  }
  made.unified.insert(from.unified().begin(), from.unified().end());
  return made;
}

resource_limits with_overhead(resource_limits resources, const resource_limits& overhead) {
  // What is not limited stays so.
  if (resources.memory > 0) resources.memory += overhead.memory;
  if (resources.memory_swap > 0) resources.memory_swap += overhead.memory;
  if (resources.cpu_shares > 0) resources.cpu_shares += overhead.cpu_shares;
  if (resources.cpu_quota > 0 && overhead.cpu_quota > 0) resources.cpu_quota += overhead.cpu_quota;
  return resources;
}

v1::LinuxContainerResources render_resources(const resource_limits& from, std::optional<int> oom_score_adj) {
  v1::LinuxContainerResources made;
  made.set_cpu_period(from.cpu_period);
  made.set_cpu_quota(from.cpu_quota);
  made.set_cpu_shares(from.cpu_shares);
  made.set_memory_limit_in_bytes(from.memory);
  made.set_memory_swap_limit_in_bytes(from.memory_swap);
  made.set_cpuset_cpus(from.cpuset_cpus);
  made.set_cpuset_mems(from.cpuset_mems);
  for (const auto& one : from.hugepages) {
    auto& added = *made.add_hugepage_limits();
    added.set_page_size(one.page_size);
    added.set_limit(static_cast<std::uint64_t>(one.bytes));
  }
  made.mutable_unified()->insert(from.unified.begin(), from.unified.end());
  made.set_oom_score_adj(oom_score_adj.value_or(0));
  return made;
}

} // namespace gantry::cri
