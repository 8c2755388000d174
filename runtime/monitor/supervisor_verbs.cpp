#include <fcntl.h>

#include <csignal>
#include <utility>

#include "runtime/cgroup/remove.hpp"
#include "runtime/monitor/host_process.hpp"
#include "runtime/monitor/oom_counter.hpp"
#include "runtime/monitor/process_handle.hpp"
#include "runtime/monitor/supervisor.hpp"
#include "runtime/monitor/wall_clock.hpp"
#include "runtime/oci/error_text.hpp"
#include "runtime/sys/files.hpp"

namespace gantry::monitor {
namespace {

result<reply> answer(const result<void>& how) {
  if (!how) return tl::unexpected<error>(how.error());
  return reply(done{});
}

oci::invocation only_id(const key& name) { return {name.id, "/dev/null", "", "", "", ""}; }

} // namespace

/// Runs a verb of the runtime to its end; its error text becomes the error.
void supervisor::run_verb(const runtime_command& runtime, std::vector<std::string> argv,
                          std::function<void(result<void>)> done) {
  auto printed = std::make_shared<sys::unique_fd>();
  job verb;
  verb.prepare = [printed, argv = std::move(argv), hide = oci::refuses_hybrid_cgroups(runtime)]() -> result<launch> {
    launch with;
    with.plan.argv = argv;
    with.plan.env = runtime_environment();
    with.plan.targets = {0, 1, 2};
    with.plan.new_mount_namespace = with.plan.hide_unified_cgroup = hide;
    with.descriptors.resize(3);
    GANTRY_LET(*printed, open_scratch());
    GANTRY_LET(with.descriptors[0], open_null());
    for (std::size_t i : {1U, 2U}) with.descriptors[i].reset(::fcntl(printed->get(), F_DUPFD_CLOEXEC, 0));
    return with;
  };
  verb.done = [printed, path = runtime.path, done = std::move(done)](const job_end& how) {
    if (!how) return done(within(how.error(), "{}", path));
    if (how->code == 0) return done({});
    done(fail(errc::unavailable, "{}: {}", path, oci::error_text("", read_scratch(printed->get()))));
  };
  runtimes_.add(std::move(verb));
}

void supervisor::on(signal_process what, const responder& respond) {
  auto found = find_process(what.container, what.exec_id);
  if (!found) return respond(tl::unexpected<error>(found.error()));
  if (!(*found)->handle)
    return respond(fail(errc::not_found, "container {}: the process has ended", to_string(what.container)));
  respond(answer(send_signal((*found)->handle.get(), what.signal)));
}

void supervisor::on(signal_all what, const responder& respond) {
  auto found = running(what.container);
  if (!found) return respond(tl::unexpected<error>(found.error()));
  if ((*found)->native) {
    const auto* host = cgroup::of_host();
    for (int pid : host ? cgroup::processes(*host, (*found)->native->cgroup_path) : std::vector<int>())
      ::kill(pid, what.signal);
    return respond(reply(done{}));
  }
  auto argv = oci::kill_all_argv((*found)->runtime, only_id(what.container), what.signal);
  run_verb((*found)->runtime, std::move(argv), [respond](const result<void>& how) { respond(answer(how)); });
}

void supervisor::on(pause_container what, const responder& respond) {
  auto found = running(what.container);
  if (!found) return respond(tl::unexpected<error>(found.error()));
  auto c = *found;
  auto paused = [c, respond](const result<void>& how) {
    c->paused = c->paused || how;
    respond(answer(how));
  };
  c->cgroup_terms.reset(); // should it end now, the freeze would come to whom its cgroups served next
  if (c->native) return run_own_verb(own_verb::freeze, c->native->cgroup_path, paused);
  run_verb(c->runtime, oci::pause_argv(c->runtime, only_id(c->name)), paused);
}

void supervisor::on(resume_container what, const responder& respond) {
  auto found = running(what.container);
  if (!found) return respond(tl::unexpected<error>(found.error()));
  auto c = *found;
  auto resumed = [c, respond](const result<void>& how) {
    c->paused = c->paused && !how;
    respond(answer(how));
  };
  if (c->native) return run_own_verb(own_verb::thaw, c->native->cgroup_path, resumed);
  run_verb(c->runtime, oci::resume_argv(c->runtime, only_id(c->name)), resumed);
}

void supervisor::on(resize_terminal what, const responder& respond) {
  auto found = find_process(what.container, what.exec_id);
  if (!found) return respond(tl::unexpected<error>(found.error()));
  respond(answer((*found)->io->resize(what.height, what.width)));
}

void supervisor::on(list_containers, const responder& respond) {
  listers_.push_back(respond);
  list_tries_ = max_list_tries;
  list_after_ = {runtimes_.next_number(), host_programs_.next_number(), natives_.next_number()};
  answer_listers();
}

/// A new engine must not take a start that its predecessor had asked for as one that never was, nor detach a network
/// that a plugin is still attaching: the list waits, within bounds, for what was under way when it was asked for.
void supervisor::answer_listers() {
  bool settled = runtimes_.oldest() >= list_after_[0] && host_programs_.oldest() >= list_after_[1] &&
                 natives_.oldest() >= list_after_[2];
  if (!settled && list_tries_-- > 0) {
    list_timer_ = with_.loop.after(std::chrono::milliseconds(50), [this] { answer_listers(); });
    return;
  }
  container_list all;
  for (const auto& [name, c] : containers_) {
    if (c->now == stage::starting) continue; // its `started`, or its error, is still to come
    const auto& end = c->end;
    all.containers.push_back({name, end.pid, end.pid_start_time, c->now == stage::exited, end.exit_code, end.oom_killed,
                              end.started_at, end.finished_at});
  }
  all.pods = pods_.holders();
  for (const auto& respond : std::exchange(listers_, {})) respond(reply(all));
}

void supervisor::on(adopt_container what, const responder& respond) {
  const auto& name = what.how.container;
  if (auto good = check_key(name); !good) return respond(tl::unexpected<error>(good.error()));
  if (!with_.bundles.holds(what.how.bundle) || what.pid <= 1)
    return respond(fail(errc::invalid_argument, "container {}: its bundle or pid cannot be one", to_string(name)));
  if (containers_.contains(name))
    return respond(fail(errc::already_exists, "container {}: this monitor has it already", to_string(name)));
  auto c = std::make_shared<container>();
  if (auto adopted = adopt(*c, what); !adopted) return respond(tl::unexpected<error>(adopted.error()));
  containers_[name] = c;
  c->now = stage::running;
  attach_waiting(name, "", c->init.io);
  respond(reply(done{}));
  if (auto record = read_exit_record(with_.run_dir, name); record && record->pid == what.pid) {
    c->end = *record; // the monitor that died had recorded the end
    return exit_recorded(c);
  }
  watch_init(c, with_.processes.mark());
}

result<void> supervisor::adopt(container& c, const adopt_container& what) {
  const auto& how = what.how;
  c.name = how.container;
  c.runtime = how.runtime;
  c.bundle = how.bundle;
  c.oom_cgroup = how.oom_cgroup;
  c.users = how.users;
  c.native = read_facts(c.bundle);
  c.end.pid = c.init.pid = what.pid;
  c.end.pid_start_time = c.init.start_time = what.pid_start_time;
  c.end.started_at = wall_clock();
  c.init.io = std::make_shared<process_io>(with_.loop, with_.disk,
                                           process_io::settings{how.tty, how.open_stdin, how.stdin_once, false, how.log,
                                                                how.console_height, how.console_width});
  auto handle = open_process(what.pid);
  auto start_time = sys::process_start_time(what.pid);
  // Another start time is another process: ours has ended, and its pid was given away.
  if (handle && start_time && *start_time == what.pid_start_time) c.init.handle = std::move(*handle);
  return c.init.io->reopen(how.bundle);
}

void supervisor::on(make_network_namespace what, const responder& respond) {
  if (auto good = check_key(what.sandbox); !good) return respond(tl::unexpected<error>(good.error()));
  networks_.make(what.sandbox, respond);
}

void supervisor::on(drop_network_namespace what, const responder& respond) {
  networks_.drop(what.sandbox);
  respond(reply(done{}));
}

void supervisor::on(make_pod_namespaces what, const responder& respond) {
  if (auto good = check_key(what.sandbox); !good) return respond(tl::unexpected<error>(good.error()));
  pods_.make(std::move(what), respond);
}

void supervisor::on(drop_pod_namespaces what, const responder& respond) {
  const auto cgroup = pods_.drop(what.sandbox);
  if (cgroup.empty()) return respond(reply(done{}));
  remove_groups(cgroup, [respond](const result<void>& how) { respond(answer(how)); });
}

void supervisor::on(run_process what, const responder& respond) {
  run_host_process(with_.loop, host_programs_, std::move(what), respond);
}

void supervisor::on(reopen_log what, const responder& respond) {
  auto found = running(what.container);
  if (!found) return respond(tl::unexpected<error>(found.error()));
  const auto& log = (*found)->init.io->log();
  if (!log) return respond(fail(errc::failed_precondition, "container {}: it has no log", to_string(what.container)));
  with_.disk.reopen(log, [respond](const result<void>& how) { respond(answer(how)); });
}

void supervisor::on(shut_down, const responder& respond) {
  if (!containers_.empty())
    return respond(fail(errc::failed_precondition, "the monitor has {} containers", containers_.size()));
  if (!pods_.empty()) return respond(fail(errc::failed_precondition, "the monitor holds the namespaces of pods"));
  idle_cgroups_.end_all([this, respond] { // before the engine removes what they lie in
    respond(reply(done{}));
    end_();
  });
}

} // namespace gantry::monitor
