#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <climits>
#include <csignal>
#include <cstdlib>

#include "runtime/cgroup/mode.hpp"
#include "runtime/native/launch.hpp"
#include "runtime/native/main/arguments.hpp"
#include "runtime/native/main/commands.hpp"
#include "runtime/native/main/foreground.hpp"
#include "runtime/native/parse_plan.hpp"
#include "runtime/sys/capability_names.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/systemd/names.hpp"

namespace gantry::oci_program {
namespace {

const std::vector<option_spec> run_options = {
    {"bundle", "b", true},         {"console-socket", "", true}, {"pid-file", "", true}, {"no-pivot", "", false},
    {"no-new-keyring", "", false}, {"preserve-fds", "", true},   {"detach", "d", false}, {"keep", "", false},
    {"no-subreaper", "", false},   {"systemd-cgroup", "", false}};

/// All that a new container is made from.
struct creation {
  arguments given;
  std::string config;
  native::container_plan plan;
  container_record record;
};

result<std::string> absolute(const std::string& path) {
  char buffer[PATH_MAX];
  if (::realpath(path.c_str(), buffer) == nullptr) return fail_errno(errno, "{}", path);
  return std::string(buffer);
}

result<std::vector<int>> preserved(const arguments& given) {
  int count = 0;
  const auto text = given.value("preserve-fds");
  std::from_chars(text.data(), text.data() + text.size(), count);
  std::vector<int> fds;
  for (int fd = 3; fd < 3 + count; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) return fail_errno(errno, "--preserve-fds {}: descriptor {}", count, fd);
    fds.push_back(fd);
  }
  return fds;
}

result<creation> prepare(const words& args) {
  creation made;
  GANTRY_LET(made.given, parse_arguments(args, run_options));
  if (made.given.has("no-pivot"))
    return fail(errc::invalid_argument, "--no-pivot is not implemented: a container's root is always pivoted to");
  GANTRY_LET(made.record.id, only_id(made.given.rest, "run"));
  GANTRY_TRY(record_folder::check_id(made.record.id));
  const auto bundle = made.given.value("bundle");
  GANTRY_LET(made.record.bundle, absolute(bundle.empty() ? "." : bundle));
  GANTRY_LET(made.config, sys::read_file(made.record.bundle + "/config.json", 16 << 20));
  GANTRY_LET(made.plan, native::parse_plan(made.config));
  auto& root = made.plan.root;
  if (!root.starts_with('/')) root = made.record.bundle + "/" + root;
  GANTRY_LET(root, absolute(root));
  made.record.rootfs = root;
  made.record.created = time_now();
  return made;
}

struct launched {
  native::started process;
  sys::unique_fd console; ///< ours, on which the master comes
};

struct resources {
  native::cgroup_handles cgroups;
  sys::unique_fd gate, socket;
};

result<launched> launch(creation& from, resources& use, bool foreground) {
  launched done;
  native::launch_descriptors descriptors;
  GANTRY_LET(descriptors.extra, preserved(from.given));
  const auto console = from.given.value("console-socket");
  if (from.plan.process.terminal && !console.empty()) {
    GANTRY_LET(use.socket, connect_console(console));
  } else if (from.plan.process.terminal && foreground) {
    GANTRY_LET(auto ends, make_console());
    use.socket = std::move(ends.theirs);
    done.console = std::move(ends.ours);
  } else if (from.plan.process.terminal) {
    return fail(errc::invalid_argument, "cannot allocate tty if runc will detach without setting console socket");
  }
  descriptors.console_socket = use.socket.get();
  descriptors.gate = use.gate.get();
  native::launch_options options;
  options.id = from.record.id;
  options.bundle = from.record.bundle;
  options.new_keyring = !from.given.has("no-new-keyring");
  options.make_cgroups = systemd::is_scope(from.record.cgroup_path);
  options.cgroups = cgroup::of_host() && !options.make_cgroups ? &use.cgroups : nullptr;
  options.host = cgroup::of_host() ? cgroup::of_host() : nullptr;
  options.cgroup_path = from.record.cgroup_path;
  GANTRY_LET(done.process, native::launch_init(from.plan, descriptors, options));
  return done;
}

result<void> make_groups(creation& from, resources& use) {
  if (!cgroup::of_host()) return {};
  if (from.given.has("systemd-cgroup")) {
    const auto& asked = from.plan.cgroup_path;
    GANTRY_LET(from.record.cgroup_path, systemd::path_of_scope(asked.empty() ? ":gantry:" + from.record.id : asked));
    return {}; // its init enters it
  }
  if (systemd::is_unit(from.plan.cgroup_path)) // its name tells later who has made it
    return fail(errc::invalid_argument,
                "cgroup path {} is a unit's of systemd: --systemd-cgroup and \"SLICE:PREFIX:NAME\" "
                "ask for one",
                from.plan.cgroup_path);
  GANTRY_LET(from.record.cgroup_path,
             native::absolute_cgroup_path(*cgroup::of_host(), from.plan.cgroup_path, from.record.id));
  GANTRY_LET(use.cgroups, native::make_cgroups(*cgroup::of_host(), from.record.cgroup_path, from.plan.resources));
  return {};
}

/// What a failure leaves is undone; the failure is what is told.
tl::unexpected<error> undo(const record_folder& records, const creation& from, const launched* done, error why,
                           const program_log& log) {
  if (done != nullptr && done->process.pid > 0) {
    ::kill(done->process.pid, SIGKILL);
    ::waitpid(done->process.pid, nullptr, 0);
  }
  (void)unmake(records, from.record, log);
  return within(std::move(why), "unable to start container process");
}

/// "MUST be logged as a warning" (runtime-spec config.md, capabilities): unknown ones, and those this process lacks.
void warn_of_capabilities(const native::container_plan& plan, const program_log& log) {
  for (const auto& name : plan.process.unknown_capabilities) log.warn("capability " + name + " is not known");
  if (!plan.process.capabilities || plan.find_namespace(CLONE_NEWUSER) != nullptr) return;
  const auto& sets = *plan.process.capabilities;
  const auto asked = sets.effective | sets.permitted | sets.inheritable;
  for (int number = 0; number < 64; ++number)
    if (((asked >> number) & 1) != 0 && ::prctl(PR_CAPBSET_READ, number, 0, 0, 0) == 0)
      log.warn(
          fmt::format("capability {} cannot be granted: this host's processes lack it", sys::capability_name(number)));
}

/// Creates the container and waits until it is at its gate, or, without one, executes.
result<launched> create(const record_folder& records, creation& from, bool gated, bool foreground,
                        const program_log& log) {
  warn_of_capabilities(from.plan, log);
  GANTRY_TRY(records.reserve(from.record.id));
  resources use;
  if (auto made = make_groups(from, use); !made) {
    (void)records.remove(from.record.id);
    return tl::unexpected<error>(made.error());
  }
  if (gated) {
    const auto fifo = records.file(from.record.id, "exec.fifo");
    if (::mkfifo(fifo.c_str(), 0600) != 0)
      return undo(records, from, nullptr, error{errc::internal, "mkfifo", errno}, log);
    use.gate.reset(::open(fifo.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  }
  auto done = launch(from, use, foreground);
  if (!done) return undo(records, from, nullptr, done.error(), log);
  const auto until = gated ? native::wait_until::at_gate : native::wait_until::executing;
  if (auto waited = native::wait_started(done->process, until); !waited)
    return undo(records, from, &*done, waited.error(), log);
  from.record.pid = done->process.pid;
  from.record.start_time = sys::process_start_time(from.record.pid).value_or(0);
  auto kept = records.save(from.record);
  if (kept) kept = sys::write_file(records.file(from.record.id, "config.json"), from.config, 0600);
  if (kept) kept = write_pid_file(from.given.value("pid-file"), from.record.pid);
  if (!kept) return undo(records, from, &*done, kept.error(), log);
  return done;
}

void run_poststart(const native::container_plan& plan, const container_record& record, const program_log& log) {
  const native::container_state state{record.id, "running", record.bundle, record.pid, plan.annotations};
  for (const auto& failed : native::run_all_hooks(plan.hooks.poststart, "poststart", to_json(state))) log.warn(failed);
}

} // namespace

result<int> command_create(const record_folder& records, const words& args, const program_log& log) {
  GANTRY_LET(auto from, prepare(args));
  GANTRY_TRY(create(records, from, true, false, log));
  return 0;
}

result<int> command_run(const record_folder& records, const words& args, const program_log& log) {
  GANTRY_LET(auto from, prepare(args));
  const bool foreground = !from.given.has("detach");
  GANTRY_LET(const auto done, create(records, from, false, foreground, log));
  run_poststart(from.plan, from.record, log);
  if (!foreground) return 0;
  auto code = follow(done.process, done.console);
  if (!from.given.has("keep")) GANTRY_TRY(unmake(records, from.record, log));
  return code;
}

result<int> command_start(const record_folder& records, const words& args, const program_log& log) {
  GANTRY_LET(const auto given, parse_arguments(args, {}));
  GANTRY_LET(const auto id, only_id(given.rest, "start"));
  GANTRY_LET(const auto record, records.load(id));
  const auto now = records.status_of(record);
  if (now == status::stopped) return fail(errc::failed_precondition, "cannot start a container that has stopped");
  const auto fifo = records.file(id, "exec.fifo");
  const sys::unique_fd gate(now == status::created ? ::open(fifo.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC) : -1);
  if (!gate) return fail(errc::failed_precondition, "cannot start an already running container");
  if (::write(gate.get(), "s", 1) != 1) return fail_errno(errno, "open the container's gate");
  // The init's end closes at execve, or with the init.
  pollfd closed{gate.get(), 0, 0};
  while (::poll(&closed, 1, 10'000) < 0 && errno == EINTR) {
  }
  ::unlink(fifo.c_str());
  GANTRY_LET(const auto config, sys::read_file(records.file(id, "config.json"), 16 << 20));
  GANTRY_LET(const auto plan, native::parse_plan(config));
  run_poststart(plan, record, log);
  return 0;
}

} // namespace gantry::oci_program
