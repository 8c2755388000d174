#include <boost/asio/experimental/awaitable_operators.hpp>

#include "api/docker/endpoints/container_event.hpp"
#include "api/docker/endpoints/endpoints.hpp"
#include "api/docker/endpoints/find.hpp"
#include "api/docker/render/json.hpp"
#include "api/docker/render/ps_table.hpp"
#include "api/docker/render/words.hpp"
#include "api/door/proc.hpp"

namespace gantry::docker::endpoints {
namespace {

using namespace asio::experimental::awaitable_operators;
using door::read_pids;
using door::read_processes;
using door::read_usage;
using door::usage;

json cpu_stats(const usage& now) {
  const auto& c = now.counters;
  json made;
  made["cpu_usage"] = {
      {"total_usage", c.cpu_total_ns}, {"usage_in_kernelmode", c.cpu_system_ns}, {"usage_in_usermode", c.cpu_user_ns}};
  if (!c.cpu_each_ns.empty()) made["cpu_usage"]["percpu_usage"] = c.cpu_each_ns;
  made["system_cpu_usage"] = now.host_cpu_ns;
  made["online_cpus"] = now.cpus;
  made["throttling_data"] = {{"periods", c.cpu_periods},
                             {"throttled_periods", c.cpu_throttled_periods},
                             {"throttled_time", c.cpu_throttled_ns}};
  return made;
}

json no_cpu_stats() {
  return {{"cpu_usage", {{"total_usage", 0}, {"usage_in_kernelmode", 0}, {"usage_in_usermode", 0}}},
          {"throttling_data", {{"periods", 0}, {"throttled_periods", 0}, {"throttled_time", 0}}}};
}

json memory_stats(const usage& now, std::int64_t host_memory) {
  const auto& c = now.counters;
  json made{{"usage", c.memory_usage}};
  if (c.memory_peak != 0) made["max_usage"] = c.memory_peak;
  // Among them the one that clients subtract from the usage: total_inactive_file of v1, inactive_file of v2.
  made["stats"] = object_of(c.memory_details);
  if (c.memory_failures != 0) made["failcnt"] = c.memory_failures;
  made["limit"] = c.memory_limit != 0 ? c.memory_limit : static_cast<std::uint64_t>(host_memory);
  return made;
}

json block_counts(const std::vector<cgroup::block_count>& counts) {
  json list = json::array();
  for (const auto& one : counts)
    list.push_back({{"major", one.major}, {"minor", one.minor}, {"op", one.operation}, {"value", one.value}});
  return list.empty() ? json(nullptr) : list;
}

/// The lists that only the CFQ scheduler filled, which the kernel has no more, are there for who reads them.
json block_io_stats(const std::optional<usage>& now) {
  json made;
  made["io_service_bytes_recursive"] = now ? block_counts(now->counters.block_bytes) : json(nullptr);
  made["io_serviced_recursive"] = now ? block_counts(now->counters.block_operations) : json(nullptr);
  for (auto name : {"io_queue_recursive", "io_service_time_recursive", "io_wait_time_recursive", "io_merged_recursive",
                    "io_time_recursive", "sectors_recursive"})
    made[name] = nullptr;
  return made;
}

json networks(const usage& now) {
  json made = json::object();
  for (const auto& [name, c] : now.networks)
    made[name] = {{"rx_bytes", c.rx_bytes},     {"rx_packets", c.rx_packets}, {"rx_errors", c.rx_errors},
                  {"rx_dropped", c.rx_dropped}, {"tx_bytes", c.tx_bytes},     {"tx_packets", c.tx_packets},
                  {"tx_errors", c.tx_errors},   {"tx_dropped", c.tx_dropped}};
  return made;
}

json stats_document(const container_record& of, const std::optional<usage>& now, const std::optional<usage>& before,
                    std::int64_t host_memory) {
  json made;
  made["read"] = time_text(now ? now->taken_at : 0);
  made["preread"] = time_text(before ? before->taken_at : 0);
  made["pids_stats"] = json::object();
  if (now) made["pids_stats"] = {{"current", now->counters.pids}};
  if (now && now->counters.pids_limit != 0) made["pids_stats"]["limit"] = now->counters.pids_limit;
  made["blkio_stats"] = block_io_stats(now);
  made["num_procs"] = 0;
  made["storage_stats"] = json::object();
  made["cpu_stats"] = now ? cpu_stats(*now) : no_cpu_stats();
  made["precpu_stats"] = before ? cpu_stats(*before) : no_cpu_stats();
  made["memory_stats"] = now ? memory_stats(*now, host_memory) : json::object();
  made["name"] = "/" + of.display_name;
  made["id"] = of.name.id;
  if (now) made["networks"] = networks(*now);
  return made;
}

/// A container's use now; none when it does not run.
awaitable<std::optional<usage>> measure(context& door, const container_record& of) {
  auto pid = of.state.pid;
  if (pid == 0) co_return std::nullopt;
  auto got = co_await on_disk(door, [pid] { return read_usage(pid); });
  if (!got) co_return std::nullopt;
  co_return std::move(*got);
}

awaitable<void> pause_a_second(context& door) {
  asio::steady_timer timer(door.home->io, std::chrono::seconds(1));
  co_await timer.async_wait(asio::as_tuple(use_awaitable));
}

awaitable<result<void>> send_stats(context& door, std::string id, exchange& on) {
  std::optional<usage> before;
  for (;;) {
    auto found = co_await find(door, id);
    if (!found) co_return result<void>(); // removed: the stream ends
    auto now_used = co_await measure(door, *found->view);
    auto line = dump(stats_document(*found->view, now_used, before, door.facts.memory)) + "\n";
    GANTRY_CO_TRY(co_await on.write(line));
    before = std::move(now_used);
    co_await pause_a_second(door);
  }
}

/// Other columns than those of `ps -ef`, which are read here, are the host's ps(1) to print.
awaitable<result<response>> top_by_ps(context& door, const found_container& found, std::string arguments) {
  list_processes message;
  GANTRY_CO_LET(message.ps_arguments, ps_arguments(arguments));
  GANTRY_CO_LET(auto printed, co_await ask_found<process_listing>(door, found, found.container, std::move(message),
                                                                  deadline::launch));
  auto read = [pid = found.view->state.pid] { return read_pids(pid); };
  GANTRY_CO_LET(auto pids, co_await on_disk(door, std::move(read)));
  GANTRY_CO_LET(auto table, ps_table(printed.text, pids));
  co_return json_response(dump(table));
}

} // namespace

awaitable<result<response>> container_top(context& door, const request& what, exchange&) {
  GANTRY_CO_LET(auto found, co_await find(door, what.subject));
  auto pid = found.view->state.pid;
  if (pid == 0) co_return fail(errc::failed_precondition, "container {} is not running", found.name.id);
  tell_event(door, *found.view, "top");
  auto arguments = what.parameters.get("ps_args");
  if (!arguments.empty() && arguments != "-ef") co_return co_await top_by_ps(door, found, arguments);
  GANTRY_CO_LET(auto rows, co_await on_disk(door, [pid] { return read_processes(pid); }));
  json made;
  made["Processes"] = rows;
  made["Titles"] = {"UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"};
  co_return json_response(dump(made));
}

awaitable<result<response>> container_stats(context& door, const request& what, exchange& on) {
  GANTRY_CO_LET(auto found, co_await find(door, what.subject));
  if (what.parameters.flag("stream", true)) {
    response head;
    GANTRY_CO_TRY(co_await on.begin(head));
    co_await (send_stats(door, found.name.id, on) || on.until_gone());
    co_return response();
  }
  std::optional<usage> before;
  if (!what.parameters.flag("one-shot")) {
    before = co_await measure(door, *found.view);
    if (before) co_await pause_a_second(door);
  }
  auto now_used = co_await measure(door, *found.view);
  co_return json_response(dump(stats_document(*found.view, now_used, before, door.facts.memory)));
}

} // namespace gantry::docker::endpoints
