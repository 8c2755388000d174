#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "runtime/monitor/process_handle.hpp"
#include "runtime/monitor/supervisor.hpp"
#include "runtime/monitor/wall_clock.hpp"
#include "runtime/oci/error_text.hpp"
#include "runtime/sys/files.hpp"

namespace gantry::monitor {
namespace {

constexpr std::uint32_t max_kept_output = 64u << 10;

} // namespace

void supervisor::on(exec_process what, const responder& respond) {
  auto found = running(what.container);
  if (!found) return respond(tl::unexpected<error>(found.error()));
  auto c = *found;
  if (!check_key({"exec", what.exec_id}))
    return respond(fail(errc::invalid_argument, "\"{}\" is not the id of an exec session", what.exec_id));
  if (c->paused) return respond(fail(errc::failed_precondition, "container {}: it is paused", to_string(c->name)));
  if (c->execs.contains(what.exec_id))
    return respond(fail(errc::already_exists, "exec session {}: it runs already", what.exec_id));
  auto& session = c->execs[what.exec_id];
  // stdin_once: an exec session has one client, and its stdin ends with it.
  session.io = std::make_shared<process_io>(with_.loop, with_.disk,
                                            process_io::settings{what.tty,
                                                                 what.open_stdin,
                                                                 true,
                                                                 what.hold_output,
                                                                 {"none", "", 0, 1},
                                                                 what.console_height,
                                                                 what.console_width,
                                                                 c->native != nullptr,
                                                                 std::min(what.keep_output, max_kept_output),
                                                                 c->users.root_uid,
                                                                 c->users.root_gid});
  if (c->native) return exec_natively(c, what, respond);
  auto job_state = std::make_shared<runtime_job>();
  job run;
  run.done = [this, c, job_state, exec_id = what.exec_id, respond](const job_end& how) {
    exec_ended(c, exec_id, *job_state, how, respond);
  };
  run.prepare = [this, c, io = session.io, job_state, what = std::move(what)] {
    auto prefix = "exec-" + std::to_string(next_exec_++) + "-";
    return prepare_exec(*c, *io, what, prefix, *job_state);
  };
  runtimes_.add(std::move(run));
}

result<launch> supervisor::prepare_exec(const container& c, process_io& io, const exec_process& what,
                                        const std::string& prefix, runtime_job& job) {
  auto base = c.bundle + "/" + prefix;
  job.pid_file = base + "pid";
  job.log_file = base + "log";
  job.mark = with_.processes.mark();
  GANTRY_TRY(sys::write_file(base + "process.json", what.process_json, 0600));
  launch with;
  GANTRY_LET(with.descriptors, io.open(c.bundle, prefix));
  with.plan.argv = oci::exec_argv(c.runtime, {c.name.id, job.log_file, "", job.pid_file,
                                              what.tty ? prefix + "console.sock" : "", base + "process.json"});
  with.plan.env = runtime_environment();
  with.plan.cwd = c.bundle;
  with.plan.targets = {0, 1, 2};
  with.plan.new_mount_namespace = with.plan.hide_unified_cgroup = oci::refuses_hybrid_cgroups(c.runtime);
  return with;
}

namespace {

/// Nothing of an exec session outlives it; its FIFOs are held by descriptor.
void remove_exec_files(const std::string& pid_file) {
  auto base = pid_file.substr(0, pid_file.size() - 3);
  for (const auto* name : {"pid", "log", "process.json", "stdin", "stdout", "stderr", "console.sock"})
    ::unlink((base + name).c_str());
}

} // namespace

void supervisor::exec_ended(const container_ptr& c, const std::string& exec_id, const runtime_job& job,
                            const job_end& how, const responder& respond) {
  auto found = c->execs.find(exec_id);
  if (found == c->execs.end()) // the container ended meanwhile and took it along
    return respond(fail(errc::not_found, "container {}: it is not running", to_string(c->name)));
  auto& session = found->second;
  result<void> noted;
  if (!how)
    noted = tl::unexpected<error>(how.error());
  else if (how->code != 0) {
    auto log = sys::read_file(job.log_file);
    auto text = oci::error_text(log ? *log : "", session.io->take_printed());
    noted = fail(errc::unavailable, "{}: {}", c->runtime.path, text);
  } else {
    noted = note_process(session, job);
    if (noted) noted = session.io->started();
  }
  if (!job.pid_file.empty()) remove_exec_files(job.pid_file);
  if (!noted) return exec_failed(c, exec_id, noted.error(), respond);
  exec_runs(c, exec_id, job.mark, respond);
}

void supervisor::exec_failed(const container_ptr& c, const std::string& exec_id, error why, const responder& respond) {
  if (auto found = c->execs.find(exec_id); found != c->execs.end()) {
    found->second.io->abandon();
    c->execs.erase(found);
  }
  drop_waiting(c->name, exec_id);
  respond(tl::unexpected<error>(std::move(why)));
}

void supervisor::exec_runs(const container_ptr& c, const std::string& exec_id, std::uint64_t mark,
                           const responder& respond) {
  auto& session = c->execs.at(exec_id);
  attach_waiting(c->name, exec_id, session.io);
  respond(reply(started{session.pid, session.start_time, c->native ? native_runtime : c->runtime.path, {}}));
  auto ended = [this, name = c->name, exec_id](exit_status status) { exec_exited(name, exec_id, status); };
  if (!with_.processes.watch(session.pid, mark, ended))
    watch_stranger(session, [ended](std::optional<int> code) { ended({code.value_or(255)}); });
}

void supervisor::exec_exited(const key& name, const std::string& exec_id, exit_status status) {
  auto c = find(name);
  if (!c) return;
  auto found = c->execs.find(exec_id);
  if (found == c->execs.end() || found->second.ended) return;
  found->second.ended = true;
  found->second.handle_watch.reset();
  found->second.handle.reset();
  auto finished_at = wall_clock();
  found->second.io->drain([this, c, exec_id, status, finished_at] {
    auto at = c->execs.find(exec_id);
    if (at == c->execs.end()) return;
    auto io = at->second.io;
    with_.loop.post([io] {}); // it is within its own drain: let go after that
    c->execs.erase(at);
    announce_({c->name, exec_id, status.code, false, false, finished_at, io->take_kept()});
    io->finish(status.code);
  });
}

} // namespace gantry::monitor
