#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "runtime/cgroup/mode.hpp"
#include "runtime/cgroup/remove.hpp"
#include "runtime/native/cgroup_setup.hpp"
#include "runtime/native/main/arguments.hpp"
#include "runtime/native/main/commands.hpp"
#include "runtime/native/names.hpp"
#include "runtime/native/parse_plan.hpp"
#include "runtime/sys/files.hpp"

namespace gantry::oci_program {
namespace {

/// A frozen process dies of SIGKILL once it is thawed (cgroups v1).
void thaw_killed(const container_record& record) {
  if (cgroup::of_host()) (void)native::set_frozen(*cgroup::of_host(), record.cgroup_path, native::freezing::thawed);
}

/// All processes; what is forked meanwhile is caught as long as it is a signal that ends.
void signal_all(const container_record& record, int signal) {
  if (!cgroup::of_host()) return;
  for (int round = 0; round < (signal == SIGKILL ? 100 : 1); ++round) {
    const auto pids = cgroup::processes(*cgroup::of_host(), record.cgroup_path);
    if (pids.empty()) return;
    for (const int pid : pids) ::kill(pid, signal);
    if (signal == SIGKILL) thaw_killed(record);
  }
}

result<void> end_init(const container_record& record) {
  const auto init = open_init(record);
  if (!init) return {};
  ::syscall(SYS_pidfd_send_signal, init.get(), SIGKILL, nullptr, 0U);
  thaw_killed(record);
  pollfd ended{init.get(), POLLIN, 0};
  if (::poll(&ended, 1, 10'000) != 1) return fail(errc::timeout, "container init still running");
  return {};
}

} // namespace

result<int> command_kill(const record_folder& records, const words& args, const program_log&) {
  GANTRY_LET(const auto given, parse_arguments(args, {{"all", "a", false}}));
  if (given.rest.empty() || given.rest.size() > 2)
    return fail(errc::invalid_argument, "\"kill\" requires 1 to 2 arguments");
  GANTRY_LET(const auto record, records.load(given.rest.front()));
  const auto name = given.rest.size() > 1 ? given.rest[1] : "SIGTERM";
  const auto signal = native::signal_number(name);
  if (!signal) return fail(errc::invalid_argument, "unknown signal \"{}\"", name);
  const auto init = open_init(record);
  if (given.has("all")) {
    signal_all(record, *signal);
    return 0;
  }
  if (!init) return fail(errc::failed_precondition, "container not running");
  if (::syscall(SYS_pidfd_send_signal, init.get(), *signal, nullptr, 0U) != 0) {
    if (errno == ESRCH) return fail(errc::failed_precondition, "container not running");
    return fail_errno(errno, "signal {}", *signal);
  }
  if (*signal == SIGKILL) thaw_killed(record);
  return 0;
}

result<int> command_delete(const record_folder& records, const words& args, const program_log& log) {
  GANTRY_LET(const auto given, parse_arguments(args, {{"force", "f", false}}));
  GANTRY_LET(const auto id, only_id(given.rest, "delete"));
  const bool force = given.has("force");
  const auto record = records.load(id);
  if (!record) {
    if (!force) return tl::unexpected<error>(record.error());
    GANTRY_TRY(records.remove(id)); // half of one, perhaps
    return 0;
  }
  const auto now = records.status_of(*record);
  if (now != status::stopped && now != status::created && !force)
    return fail(errc::failed_precondition, "cannot delete container {} that is not stopped: {}", id, to_string(now));
  GANTRY_TRY(end_init(*record));
  GANTRY_TRY(unmake(records, *record, log));
  return 0;
}

result<void> unmake(const record_folder& records, const container_record& record, const program_log& log) {
  result<void> outcome;
  if (cgroup::of_host() && !record.cgroup_path.empty())
    outcome = native::remove_cgroups(*cgroup::of_host(), record.cgroup_path);
  if (const auto config = sys::read_file(records.file(record.id, "config.json"), 16 << 20)) {
    // Parsed only when there is a word of hooks in it: most containers have none.
    if (config->find("poststop") != std::string::npos)
      if (const auto plan = native::parse_plan(*config))
        for (const auto& failed : native::run_all_hooks(
                 plan->hooks.poststop, "poststop",
                 to_json(native::container_state{record.id, "stopped", record.bundle, 0, plan->annotations})))
          log.warn(failed);
  }
  auto removed = records.remove(record.id);
  return outcome ? removed : outcome;
}

} // namespace gantry::oci_program
