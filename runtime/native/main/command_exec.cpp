#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

#include "runtime/cgroup/mode.hpp"
#include "runtime/native/launch.hpp"
#include "runtime/native/main/arguments.hpp"
#include "runtime/native/main/commands.hpp"
#include "runtime/native/main/foreground.hpp"
#include "runtime/native/parse_plan.hpp"
#include "runtime/sys/capability_names.hpp"
#include "runtime/sys/files.hpp"

namespace gantry::oci_program {
namespace {

const std::vector<option_spec> exec_options = {
    {"console-socket", "", true}, {"cwd", "", true},          {"env", "e", true},
    {"tty", "t", false},          {"user", "u", true},        {"additional-gids", "g", true},
    {"process", "p", true},       {"detach", "d", false},     {"pid-file", "", true},
    {"process-label", "", true},  {"apparmor", "", true},     {"no-new-privs", "", false},
    {"cap", "c", true},           {"preserve-fds", "", true}, {"ignore-paused", "", false},
    {"no-subreaper", "", false}};

template<class T>
bool to_number(std::string_view text, T& into) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), into);
  return problem == std::errc{} && end == text.data() + text.size() && !text.empty();
}

/// "uid" or "uid:gid".
result<void> set_user(const std::string& text, native::process_plan& process) {
  const auto colon = text.find(':');
  process.gid = 0;
  if (!to_number(text.substr(0, colon), process.uid) ||
      (colon != std::string::npos && !to_number(text.substr(colon + 1), process.gid)))
    return fail(errc::invalid_argument, "user {} is not in the form uid[:gid]", text);
  return {};
}

result<void> add_capabilities(const std::vector<std::string>& names, native::process_plan& process) {
  if (names.empty()) return {};
  auto& sets = process.capabilities ? *process.capabilities : process.capabilities.emplace();
  for (const auto& name : names) {
    const auto number = sys::capability_number(name);
    if (!number) return fail(errc::invalid_argument, "capability {} is not known", name);
    for (auto* set : {&sets.bounding, &sets.effective, &sets.permitted}) *set |= std::uint64_t{1} << *number;
  }
  return {};
}

/// The container's own process, changed by what was asked.
result<native::process_plan> process_of(const arguments& given, const native::container_plan& container) {
  if (const auto file = given.value("process"); !file.empty()) {
    GANTRY_LET(const auto text, sys::read_file(file, 16 << 20));
    return native::parse_process(text);
  }
  auto process = container.process;
  process.args.assign(given.rest.begin() + 1, given.rest.end());
  if (process.args.empty()) return fail(errc::invalid_argument, "process args cannot be empty");
  process.terminal = given.has("tty");
  if (const auto cwd = given.value("cwd"); !cwd.empty()) process.cwd = cwd;
  for (const auto& one : given.values("env")) process.env.push_back(one);
  if (const auto user = given.value("user"); !user.empty()) GANTRY_TRY(set_user(user, process));
  for (const auto& gid : given.values("additional-gids"))
    if (!to_number(gid, process.groups.emplace_back())) return fail(errc::invalid_argument, "gid {} is no number", gid);
  if (given.has("no-new-privs")) process.no_new_privileges = true;
  if (const auto label = given.value("process-label"); !label.empty()) process.selinux_label = label;
  if (const auto profile = given.value("apparmor"); !profile.empty()) process.apparmor_profile = profile;
  GANTRY_TRY(add_capabilities(given.values("cap"), process));
  return process;
}

result<void> check_status(const arguments& given, status now) {
  if (now == status::stopped) return fail(errc::failed_precondition, "cannot exec in a stopped container");
  if (now == status::paused && !given.has("ignore-paused"))
    return fail(errc::failed_precondition, "cannot exec in a paused container (use --ignore-paused to override)");
  return {};
}

result<sys::unique_fd> console_of(const arguments& given, const native::process_plan& process, sys::unique_fd& ours) {
  if (!process.terminal) return sys::unique_fd();
  if (const auto path = given.value("console-socket"); !path.empty()) return connect_console(path);
  if (given.has("detach"))
    return fail(errc::invalid_argument, "cannot allocate tty if runc will detach without setting console socket");
  GANTRY_LET(auto ends, make_console());
  ours = std::move(ends.ours);
  return std::move(ends.theirs);
}

std::uint32_t namespaces_of(const native::container_plan& plan) {
  std::uint32_t flags = 0;
  for (const auto& one : plan.namespaces) flags |= one.flag;
  return flags;
}

result<int> run_in(const record_folder& records, const arguments& given) {
  if (given.rest.empty()) return fail(errc::invalid_argument, "\"exec\" requires a minimum of 1 argument");
  GANTRY_LET(const auto record, records.load(given.rest.front()));
  GANTRY_TRY(check_status(given, records.status_of(record)));
  GANTRY_LET(const auto config, sys::read_file(records.file(record.id, "config.json"), 16 << 20));
  GANTRY_LET(const auto plan, native::parse_plan(config));
  GANTRY_LET(const auto process, process_of(given, plan));
  const auto init = open_init(record);
  if (!init) return fail(errc::failed_precondition, "cannot exec in a stopped container");
  sys::unique_fd console;
  GANTRY_LET(const auto socket, console_of(given, process, console));
  native::cgroup_handles cgroups;
  native::launch_options options;
  options.id = record.id;
  if (cgroup::of_host()) {
    GANTRY_LET(cgroups, native::open_cgroups(*cgroup::of_host(), record.cgroup_path));
    options.cgroups = &cgroups;
    options.cgroup_path = record.cgroup_path;
  }
  native::launch_descriptors descriptors;
  descriptors.console_socket = socket.get();
  int count = 0;
  to_number(given.value("preserve-fds"), count);
  for (int fd = 3; fd < 3 + count; ++fd) descriptors.extra.push_back(fd);
  const native::exec_target target{init.get(), namespaces_of(plan)};
  auto started = native::launch_exec(process, plan.seccomp, target, descriptors, options);
  auto outcome = started ? native::wait_started(*started) : result<void>(tl::unexpected<error>(started.error()));
  if (!outcome) {
    // A zombie in the container's PID namespace would keep its init from ending (pid_namespaces(7)).
    if (started) ::waitpid(started->pid, nullptr, 0);
    return within(outcome.error(), "unable to start container process");
  }
  GANTRY_TRY(write_pid_file(given.value("pid-file"), started->pid));
  if (given.has("detach")) return 0;
  return follow(*started, console);
}

} // namespace

result<int> command_exec(const record_folder& records, const words& args, const program_log&) {
  GANTRY_LET(const auto given, parse_arguments(args, exec_options));
  return run_in(records, given);
}

} // namespace gantry::oci_program
