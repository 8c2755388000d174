#include <algorithm>

#include "actors/container_supervisor.hpp"
#include "actors/random_id.hpp"
#include "runtime/spec/spec.hpp"
#include "runtime/sys/files.hpp"

namespace gantry::container {
namespace {

result<void> may_exec(const container_supervisor_state& state) {
  const auto& record = state.record;
  if (record.state.now == phase::paused)
    return fail(errc::failed_precondition, "container {} is paused, unpause the container before exec", record.name.id);
  if (record.state.now != phase::running)
    return fail(errc::failed_precondition, "container {} is not running", record.name.id);
  return {};
}

std::string command_words(const exec_session& session) {
  return fmt::format("{}", fmt::join(session.options.args, " "));
}

/// Makes room for one more session among those that have ended.
result<void> make_room(self_pointer self) {
  auto& execs = self->state.execs;
  if (execs.size() < max_execs) return {};
  auto ended = std::find_if(execs.begin(), execs.end(),
                            [](const auto& entry) { return entry.second.started && !entry.second.running; });
  if (ended == execs.end())
    return fail(errc::exhausted, "container {} has {} exec sessions; end some first", self->state.record.name.id,
                execs.size());
  tell(self->state.parts->catalog, forget_exec{ended->first});
  execs.erase(ended);
  return {};
}

/// An engine that found the container running reads what it was started with from its bundle (on tmpfs).
result<void> know_process(container_supervisor_state& state) {
  if (!state.process_json.empty()) return {};
  GANTRY_LET(auto document, sys::read_file(bundle_of(*state.parts->config, state.record.name) + "/config.json"));
  GANTRY_LET(state.process_json, spec::process_of(document));
  return {};
}

} // namespace

result<std::string> exec_document(container_supervisor_state& state, const spec::exec_options& options) {
  GANTRY_TRY(know_process(state));
  const auto& config = *state.parts->config;
  const auto& init = state.record.state;
  const auto root = spec::merged_view::of_running(init.pid, init.pid_start_time, root_layers(config, state.record));
  return spec::exec_process_json(state.process_json, options, state.record.effective_user, root, config.facts);
}

namespace {

result<monitor::exec_process> exec_request(container_supervisor_state& state, const exec_session& session,
                                           const start_exec& request) {
  const auto& asked = session.options;
  const auto console = request.console == console_size{} ? asked.console : request.console;
  GANTRY_LET(auto process, exec_document(state, {asked.args, asked.env, asked.user, asked.working_dir, asked.tty,
                                                 asked.privileged, console}));
  monitor::exec_process exec;
  exec.container = state.record.name;
  exec.exec_id = session.id;
  exec.process_json = std::move(process);
  exec.tty = asked.tty;
  exec.open_stdin = asked.attach_stdin;
  exec.hold_output = !request.detach && (asked.attach_stdout || asked.attach_stderr);
  exec.console_height = console.height;
  exec.console_width = console.width;
  return exec;
}

/// An answer that comes in any case: a container that is removed meanwhile takes its supervisor along, and CAF answers
/// nobody for a promise that is dropped.
class owed_ticket {
public:
  explicit owed_ticket(caf::typed_response_promise<stream_ticket> promise) : promise_(std::move(promise)) {}
  owed_ticket(const owed_ticket&) = delete;
  owed_ticket& operator=(const owed_ticket&) = delete;
  ~owed_ticket() {
    if (!answered_) answer(fail(errc::not_found, "the container was removed meanwhile"));
  }
  void answer(result<stream_ticket> what) {
    answered_ = true;
    deliver(promise_, std::move(what));
  }

private:
  caf::typed_response_promise<stream_ticket> promise_;
  bool answered_ = false;
};
using owed_ticket_ptr = std::shared_ptr<owed_ticket>;

/// Answers with a ticket of the monitor's.
void answer_stream(self_pointer self, const owed_ticket_ptr& owed, monitor::open_stream request, bool tty) {
  ask<monitor::stream_token>(self, launcher_of(self), deadline::inner, std::move(request),
                             [owed, tty](result<monitor::stream_token> r) {
                               if (!r) return owed->answer(tl::unexpected<error>(std::move(r.error())));
                               owed->answer(stream_ticket{r->socket, r->token, tty});
                             });
}

void exec_started(self_pointer self, const std::string& id, const monitor::started& process) {
  auto found = self->state.execs.find(id);
  if (found == self->state.execs.end()) return;
  found->second.pid = process.pid;
  emit(self, "exec_start: " + command_words(found->second), {{"execID", id}});
}

void exec_failed(self_pointer self, const std::string& id, const error& why) {
  auto found = self->state.execs.find(id);
  if (found == self->state.execs.end()) return;
  session_ended(self, found->second, why.message.find("permission denied") != std::string::npos ? 126 : 127);
}

} // namespace

void session_ended(self_pointer self, exec_session& session, int exit_code) {
  session.running = false;
  session.exit_code = exit_code;
  tell(self->state.parts->catalog, exec_ended{session.id});
}

caf::result<exec_session> exec_create(self_pointer self, const create_exec& request) {
  if (auto may = may_exec(self->state); !may) return to_caf(may.error());
  if (request.options.args.empty()) return to_caf(error{errc::invalid_argument, "No exec command specified", 0});
  if (auto room = make_room(self); !room) return to_caf(room.error());
  exec_session session;
  session.id = random_id();
  session.container = self->state.record.name;
  session.options = request.options;
  self->state.execs.emplace(session.id, session);
  tell(self->state.parts->catalog, register_exec{session.id, session.container});
  emit(self, "exec_create: " + command_words(session), {{"execID", session.id}});
  return session;
}

caf::result<stream_ticket> exec_start(self_pointer self, const start_exec& request) {
  auto& state = self->state;
  auto found = state.execs.find(request.exec_id);
  if (found == state.execs.end()) return to_caf(error{errc::not_found, "No such exec instance: " + request.exec_id, 0});
  if (auto may = may_exec(state); !may) return to_caf(may.error());
  auto& session = found->second;
  if (session.started)
    return to_caf(error{errc::failed_precondition, "exec session " + session.id + " has already run", 0});
  auto exec = exec_request(state, session, request);
  session.started = true;
  if (!exec) {
    // As one that could not be executed: a user that the container does not have, for example.
    session.exit_code = 126;
    return to_caf(error{errc::invalid_argument, std::move(exec.error().message), 0});
  }
  session.running = true;
  auto promise = self->make_response_promise<stream_ticket>();
  monitor::open_stream stream{state.record.name,
                              session.id,
                              monitor::open_stream::kind::attach,
                              session.options.attach_stdin,
                              session.options.attach_stdout,
                              session.options.attach_stderr};
  auto owed = std::make_shared<owed_ticket>(promise);
  ask<monitor::started>(
      self, launcher_of(self), deadline::inner, std::move(*exec),
      [self, owed, stream, detach = request.detach, tty = session.options.tty](result<monitor::started> r) {
        if (!r) {
          exec_failed(self, stream.exec_id, r.error());
          return owed->answer(tl::unexpected<error>(std::move(r.error())));
        }
        exec_started(self, stream.exec_id, *r);
        if (detach)
          owed->answer(stream_ticket{});
        else
          answer_stream(self, owed, stream, tty);
      });
  return promise;
}

/// A client whose stream has ended asks for the exit code at once, while the exit is still on its way here. Where a
/// session runs as far as is known, its monitor is asked first: what that said before its answer arrives before it.
caf::result<exec_session> exec_inspect(self_pointer self, const inspect_exec& request) {
  const auto& state = self->state;
  auto found = state.execs.find(request.exec_id);
  if (found == state.execs.end()) return to_caf(error{errc::not_found, "No such exec instance: " + request.exec_id, 0});
  if (!found->second.running) return found->second;
  auto promise = self->make_response_promise<exec_session>();
  monitor::signal_process nobody{state.record.name, request.exec_id, 0}; // kill(2): signal 0 only looks
  ask<done>(self, launcher_of(self), deadline::inner, std::move(nobody),
            [self, promise, id = request.exec_id](const auto&) mutable {
              auto now = self->state.execs.find(id);
              if (now == self->state.execs.end())
                refuse(promise, {errc::not_found, "No such exec instance: " + id, 0});
              else
                promise.deliver(now->second);
            });
  return promise;
}

caf::result<stream_ticket> open_stream(self_pointer self, monitor::open_stream request, bool tty) {
  auto& state = self->state;
  auto promise = self->make_response_promise<stream_ticket>();
  auto owed = std::make_shared<owed_ticket>(promise);
  auto open = [self, owed, tty, request] { answer_stream(self, owed, request, tty); };
  // Before its next life a container's stream is that life's: the monitor must have forgotten the one that ended.
  if (alive(state) || state.clean || state.record.state.now == phase::starting)
    open();
  else
    state.when_clean.emplace_back(open);
  return promise;
}

caf::result<done> resize(self_pointer self, const resize_container& request) {
  auto& state = self->state;
  if (!alive(state))
    return to_caf(error{errc::failed_precondition, "container " + state.record.name.id + " is not running", 0});
  auto promise = self->make_response_promise<done>();
  monitor::resize_terminal resize{state.record.name, request.exec_id, request.height, request.width};
  ask<done>(self, launcher_of(self), deadline::inner, std::move(resize),
            [promise](result<done> r) mutable { deliver(promise, std::move(r)); });
  return promise;
}

caf::result<done> reopen_log(self_pointer self) {
  auto& state = self->state;
  if (!alive(state))
    return to_caf(error{errc::failed_precondition, "container " + state.record.name.id + " is not running", 0});
  auto promise = self->make_response_promise<done>();
  monitor::reopen_log request{state.record.name};
  ask<done>(self, launcher_of(self), deadline::inner, std::move(request),
            [promise](result<done> r) mutable { deliver(promise, std::move(r)); });
  return promise;
}

} // namespace gantry::container
