#include "runtime/cgroup/stats.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <iterator>
#include <optional>
#include <sstream>

#include "runtime/sys/files.hpp"

namespace gantry::cgroup {
namespace {

/// v1 writes "no limit" as the largest multiple of the page size (kernel, memory.rst "memory.limit_in_bytes").
constexpr std::uint64_t no_limit_from = 1ull << 62;

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end.ec != std::errc{}) return std::nullopt;
  return value;
}

/// A cgroup file's content; empty when it cannot be read (the controller is off, or the cgroup is gone).
std::string content(const std::string& folder, std::string_view name) {
  if (folder.empty()) return {};
  return sys::read_file(folder + "/" + std::string(name), 64 << 10).value_or(std::string());
}

std::uint64_t value_of(const std::string& folder, std::string_view name) {
  return number(content(folder, name)).value_or(0); // "max" is not a number: 0, not limited
}

/// The number after `key` in "key value" lines (flat keyed files, cgroup-v2.rst "Interface Files").
std::uint64_t keyed(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ' ')
      return number(line.substr(key.size() + 1)).value_or(0);
  }
  return 0;
}

/// All of a flat keyed file.
std::map<std::string, std::uint64_t> all_keyed(const std::string& text) {
  std::map<std::string, std::uint64_t> found;
  std::istringstream in(text);
  std::string key;
  for (std::uint64_t value = 0; in >> key >> value;) found.emplace(key, value);
  return found;
}

std::vector<std::uint64_t> numbers_of(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::uint64_t>(in), {}};
}

/// "8:0" at the front of a line; none for another one ("Total 0").
std::optional<block_count> device_of(std::istream& in) {
  block_count found;
  char colon = 0;
  if (!(in >> found.major >> colon >> found.minor) || colon != ':') return std::nullopt;
  return found;
}

/// Lines of "8:0 Read 4096" (kernel, cgroup-v1/blkio-controller.rst).
std::vector<block_count> block_counts_v1(const std::string& text) {
  std::vector<block_count> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream in(line);
    auto one = device_of(in);
    if (one && in >> one->operation >> one->value) found.push_back(std::move(*one));
  }
  return found;
}

void read_block_io_v1(const layout& host, std::string_view path, stats& into) {
  const auto folder = host.folder_of("blkio", path);
  into.block_bytes = block_counts_v1(content(folder, "blkio.throttle.io_service_bytes_recursive"));
  into.block_operations = block_counts_v1(content(folder, "blkio.throttle.io_serviced_recursive"));
}

/// Lines of "8:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0" (kernel, cgroup-v2.rst, "io.stat").
void read_block_io_v2(const std::string& folder, stats& into) {
  std::istringstream lines(content(folder, "io.stat"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream in(line);
    const auto device = device_of(in);
    if (!device) continue;
    for (std::string word; in >> word;) {
      const auto equals = word.find('=');
      const auto key = word.substr(0, equals);
      const bool bytes = key == "rbytes" || key == "wbytes";
      if (equals == std::string::npos || (!bytes && key != "rios" && key != "wios")) continue;
      auto one = *device;
      one.operation = key.front() == 'r' ? "read" : "write";
      one.value = number(std::string_view(word).substr(equals + 1)).value_or(0);
      (bytes ? into.block_bytes : into.block_operations).push_back(std::move(one));
    }
  }
}

void read_cpu_v1(const layout& host, std::string_view path, stats& into) {
  const auto accounting = host.folder_of("cpuacct", path);
  into.cpu_total_ns = value_of(accounting, "cpuacct.usage");
  into.cpu_each_ns = numbers_of(content(accounting, "cpuacct.usage_percpu"));
  const auto split = content(accounting, "cpuacct.stat");
  const auto tick_ns = 1'000'000'000ull / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  into.cpu_user_ns = keyed(split, "user") * tick_ns;
  into.cpu_system_ns = keyed(split, "system") * tick_ns;
  const auto throttle = content(host.folder_of("cpu", path), "cpu.stat");
  into.cpu_periods = keyed(throttle, "nr_periods");
  into.cpu_throttled_periods = keyed(throttle, "nr_throttled");
  into.cpu_throttled_ns = keyed(throttle, "throttled_time");
}

std::uint64_t detail(const stats& of, const std::string& name) {
  const auto found = of.memory_details.find(name);
  return found == of.memory_details.end() ? 0 : found->second;
}

/// v1 counts swap together with memory (kernel, cgroup-v1/memory.rst, "memory.memsw").
std::optional<swap_use> swap_v1(const std::string& folder, const stats& memory) {
  const auto both = number(content(folder, "memory.memsw.usage_in_bytes"));
  if (!both) return std::nullopt;
  swap_use found;
  found.bytes = *both - std::min(*both, memory.memory_usage);
  const auto limit = value_of(folder, "memory.memsw.limit_in_bytes");
  if (limit < no_limit_from) found.limit = limit - std::min(limit, memory.memory_limit);
  return found;
}

std::optional<swap_use> swap_v2(const std::string& folder) {
  const auto used = number(content(folder, "memory.swap.current"));
  if (!used) return std::nullopt;
  return swap_use{*used, value_of(folder, "memory.swap.max")};
}

void read_memory_v1(const layout& host, std::string_view path, stats& into) {
  const auto folder = host.folder_of("memory", path);
  into.memory_usage = value_of(folder, "memory.usage_in_bytes");
  into.memory_peak = value_of(folder, "memory.max_usage_in_bytes");
  const auto limit = value_of(folder, "memory.limit_in_bytes");
  into.memory_limit = limit >= no_limit_from ? 0 : limit;
  into.memory_details = all_keyed(content(folder, "memory.stat"));
  into.memory_inactive_file = detail(into, "total_inactive_file");
  into.memory_rss = detail(into, "total_rss");
  into.memory_kernel = value_of(folder, "memory.kmem.usage_in_bytes");
  into.page_faults = detail(into, "total_pgfault");
  into.major_page_faults = detail(into, "total_pgmajfault");
  into.swap = swap_v1(folder, into);
  into.memory_failures = value_of(folder, "memory.failcnt");
  into.oom_kills = keyed(content(folder, "memory.oom_control"), "oom_kill");
}

void read_cpu_v2(const std::string& folder, stats& into) {
  const auto text = content(folder, "cpu.stat");
  into.cpu_total_ns = keyed(text, "usage_usec") * 1000;
  into.cpu_user_ns = keyed(text, "user_usec") * 1000;
  into.cpu_system_ns = keyed(text, "system_usec") * 1000;
  into.cpu_periods = keyed(text, "nr_periods");
  into.cpu_throttled_periods = keyed(text, "nr_throttled");
  into.cpu_throttled_ns = keyed(text, "throttled_usec") * 1000;
}

void read_memory_v2(const std::string& folder, stats& into) {
  into.memory_usage = value_of(folder, "memory.current");
  into.memory_peak = value_of(folder, "memory.peak");
  into.memory_limit = value_of(folder, "memory.max");
  into.memory_details = all_keyed(content(folder, "memory.stat"));
  into.memory_inactive_file = detail(into, "inactive_file");
  into.memory_rss = detail(into, "anon");
  into.memory_kernel = detail(into, "kernel");
  into.page_faults = detail(into, "pgfault");
  into.major_page_faults = detail(into, "pgmajfault");
  into.swap = swap_v2(folder);
  into.oom_kills = keyed(content(folder, "memory.events"), "oom_kill");
}

/// "avg10=0.12 avg60=0.00 avg300=0.00 total=1234" after the line's first word.
stall stall_of(std::istream& in) {
  stall found;
  for (std::string word; in >> word;) {
    const auto equals = word.find('=');
    if (equals == std::string::npos) continue;
    const auto key = word.substr(0, equals), value = word.substr(equals + 1);
    if (key == "total") found.total_ns = number(value).value_or(0) * 1000; // the kernel's are microseconds
    if (key == "avg10") found.avg10 = std::strtod(value.c_str(), nullptr);
    if (key == "avg60") found.avg60 = std::strtod(value.c_str(), nullptr);
    if (key == "avg300") found.avg300 = std::strtod(value.c_str(), nullptr);
  }
  return found;
}

std::optional<pressure> pressure_of(const std::string& text) {
  if (text.empty()) return std::nullopt;
  pressure found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream in(line);
    std::string who;
    if (in >> who) (who == "full" ? found.full : found.some) = stall_of(in);
  }
  return found;
}

/// On a hybrid host a runtime may leave the cgroup2 tree alone: a cgroup that no process is in says nothing.
void read_pressures(const std::string& unified, stats& into) {
  if (keyed(content(unified, "cgroup.events"), "populated") == 0) return;
  into.cpu_pressure = pressure_of(content(unified, "cpu.pressure"));
  into.memory_pressure = pressure_of(content(unified, "memory.pressure"));
  into.io_pressure = pressure_of(content(unified, "io.pressure"));
}

bool exists(const layout& host, std::string_view path) {
  for (const auto& folder : host.folders_of(path))
    if (::access(folder.c_str(), F_OK) == 0) return true;
  return false;
}

} // namespace

result<stats> read_stats(const layout& host, std::string_view cgroup_path) {
  if (!exists(host, cgroup_path))
    return fail(errc::not_found, "no cgroup {} below {}: the container has ended", cgroup_path, host.root);
  stats found;
  // On a hybrid host a controller may be on either side: each is asked where it is.
  const bool cpu_is_v1 = host.folders.contains("cpu") || host.folders.contains("cpuacct");
  const bool memory_is_v1 = host.folders.contains("memory");
  const auto unified = host.unified.empty() ? std::string() : host.unified + std::string(cgroup_path);
  cpu_is_v1 ? read_cpu_v1(host, cgroup_path, found) : read_cpu_v2(unified, found);
  memory_is_v1 ? read_memory_v1(host, cgroup_path, found) : read_memory_v2(unified, found);
  host.folders.contains("blkio") ? read_block_io_v1(host, cgroup_path, found) : read_block_io_v2(unified, found);
  const auto pids = host.folder_of("pids", cgroup_path);
  read_pressures(unified, found);
  found.pids = value_of(pids, "pids.current");
  found.pids_limit = value_of(pids, "pids.max");
  return found;
}

result<std::uint64_t> read_oom_kills(const layout& host, std::string_view cgroup_path) {
  const auto folder = host.folder_of("memory", cgroup_path);
  const auto* const name = host.folders.contains("memory") ? "memory.oom_control" : "memory.events";
  const auto text = content(folder, name);
  if (text.empty()) return fail(errc::not_found, "no memory cgroup {} below {}", cgroup_path, host.root);
  return keyed(text, "oom_kill");
}

} // namespace gantry::cgroup
