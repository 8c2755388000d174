#include <algorithm>
#include <cctype>
#include <charconv>

#include "runtime/cgroup/mode.hpp"
#include "runtime/native/cgroup_setup.hpp"
#include "runtime/native/main/arguments.hpp"
#include "runtime/native/main/commands.hpp"
#include "runtime/native/parse_plan.hpp"
#include "runtime/sys/files.hpp"

namespace gantry::oci_program {
namespace {

const std::vector<option_spec> update_options = {
    {"resources", "r", true},  {"blkio-weight", "", true}, {"cpu-period", "", true},         {"cpu-quota", "", true},
    {"cpu-burst", "", true},   {"cpu-share", "", true},    {"cpu-idle", "", true},           {"cpuset-cpus", "", true},
    {"cpuset-mems", "", true}, {"memory", "", true},       {"memory-reservation", "", true}, {"memory-swap", "", true},
    {"pids-limit", "", true}};

template<class T>
result<void> read_number(const arguments& given, std::string_view name, std::optional<T>& into) {
  const auto text = given.value(name);
  if (text.empty()) return {};
  T value{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size())
    return fail(errc::invalid_argument, "invalid value for {}: {}", name, text);
  into = value;
  return {};
}

/// Bytes, with a unit in powers of 1024 perhaps: "1048576", "100m", "2GiB"; -1: unlimited.
result<void> read_bytes(const arguments& given, std::string_view name, std::optional<std::int64_t>& into) {
  const auto text = given.value(name);
  if (text.empty()) return {};
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  std::string unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  std::transform(unit.begin(), unit.end(), unit.begin(), [](unsigned char c) { return std::tolower(c); });
  constexpr std::string_view prefixes = "kmgt";
  const auto power = unit.empty() ? 0 : prefixes.find(unit.front()) + 1;
  const auto rest = power == 0 ? unit : unit.substr(1);
  const bool known = rest.empty() || rest == "b" || (power != 0 && rest == "ib");
  std::int64_t bytes = 0;
  if (problem != std::errc{} || !known ||
      __builtin_mul_overflow(value, std::int64_t{1} << (10 * static_cast<int>(power)), &bytes))
    return fail(errc::invalid_argument, "invalid value for {}: {}", name, text);
  into = bytes;
  return {};
}

result<native::resource_plan> changes_of(const arguments& given) {
  native::resource_plan plan;
  if (const auto file = given.value("resources"); !file.empty()) {
    GANTRY_LET(const auto text, file == "-" ? sys::read_all(0, 1 << 20, "stdin") : sys::read_file(file));
    return native::parse_resources(text);
  }
  GANTRY_TRY(read_number(given, "blkio-weight", plan.io_weight));
  GANTRY_TRY(read_number(given, "cpu-period", plan.cpu_period));
  GANTRY_TRY(read_number(given, "cpu-quota", plan.cpu_quota));
  GANTRY_TRY(read_number(given, "cpu-burst", plan.cpu_burst));
  GANTRY_TRY(read_number(given, "cpu-share", plan.cpu_shares));
  GANTRY_TRY(read_number(given, "cpu-idle", plan.cpu_idle));
  GANTRY_TRY(read_bytes(given, "memory", plan.memory_limit));
  GANTRY_TRY(read_bytes(given, "memory-reservation", plan.memory_reservation));
  GANTRY_TRY(read_bytes(given, "memory-swap", plan.memory_swap));
  GANTRY_TRY(read_number(given, "pids-limit", plan.pids));
  plan.cpus = given.value("cpuset-cpus");
  plan.mems = given.value("cpuset-mems");
  return plan;
}

result<container_record> running(const record_folder& records, const words& rest, const char* command) {
  GANTRY_LET(const auto id, only_id(rest, command));
  GANTRY_LET(auto record, records.load(id));
  if (records.status_of(record) == status::stopped || !cgroup::of_host())
    return fail(errc::failed_precondition, "container not running");
  return record;
}

} // namespace

result<int> command_update(const record_folder& records, const words& args, const program_log&) {
  GANTRY_LET(const auto given, parse_arguments(args, update_options));
  GANTRY_LET(const auto record, running(records, given.rest, "update"));
  GANTRY_LET(const auto changes, changes_of(given));
  GANTRY_TRY(native::update_cgroups(*cgroup::of_host(), record.cgroup_path, changes));
  return 0;
}

result<int> command_pause(const record_folder& records, const words& args, const program_log&) {
  GANTRY_LET(const auto record, running(records, args, "pause"));
  if (records.status_of(record) == status::paused) return fail(errc::failed_precondition, "container not running");
  GANTRY_TRY(native::set_frozen(*cgroup::of_host(), record.cgroup_path, native::freezing::frozen));
  return 0;
}

result<int> command_resume(const record_folder& records, const words& args, const program_log&) {
  GANTRY_LET(const auto record, running(records, args, "resume"));
  if (records.status_of(record) != status::paused) return fail(errc::failed_precondition, "container not paused");
  GANTRY_TRY(native::set_frozen(*cgroup::of_host(), record.cgroup_path, native::freezing::thawed));
  return 0;
}

} // namespace gantry::oci_program
