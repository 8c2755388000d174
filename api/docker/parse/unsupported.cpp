#include "api/docker/parse/parts.hpp"

namespace gantry::docker::parts {

bool asks_for_something(simdjson::dom::element value) {
  using type = simdjson::dom::element_type;
  switch (value.type()) {
  case type::NULL_VALUE:
    return false;
  case type::BOOL:
    return bool(value);
  case type::INT64:
    return std::int64_t(value) != 0;
  case type::UINT64:
    return std::uint64_t(value) != 0;
  case type::DOUBLE:
    return double(value) != 0;
  case type::STRING:
    return !std::string_view(value).empty();
  case type::ARRAY:
    return simdjson::dom::array(value).size() != 0;
  case type::OBJECT:
    return simdjson::dom::object(value).size() != 0;
  }
  return true;
}

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

namespace {

struct refusal {
  std::string_view field, why;
};
constexpr refusal refused[] = {
    {"Links", "let the containers share a network namespace, or publish ports"},
    {"CpuRealtimePeriod", "real-time scheduling of groups is not available"},
    {"CpuRealtimeRuntime", "real-time scheduling of groups is not available"},
    {"CpuCount", "it is for Windows: use NanoCpus"},
    {"CpuPercent", "it is for Windows: use NanoCpus"},
    {"IOMaximumIOps", "it is for Windows"},
    {"IOMaximumBandwidth", "it is for Windows"},
    {"KernelMemory", "the kernel has no such limit any more"},
    {"KernelMemoryTCP", "the kernel has no such limit any more"},
    {"Cgroup", "use CgroupnsMode"},
};

} // namespace

result<void> refuse_unsupported(object host) {
  for (auto [name, value] : host) {
    for (const auto& one : refused)
      if (same_name(name, one.field) && asks_for_something(value))
        return fail(errc::invalid_argument, "HostConfig.{} is not supported: {}", one.field, one.why);
  }
  return {};
}

} // namespace gantry::docker::parts
