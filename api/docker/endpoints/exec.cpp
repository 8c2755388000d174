#include "api/docker/detach_keys.hpp"
#include "api/docker/endpoints/container_event.hpp"
#include "api/docker/endpoints/endpoints.hpp"
#include "api/docker/endpoints/find.hpp"
#include "api/docker/parse/exec_body.hpp"
#include "api/docker/pump.hpp"
#include "api/docker/render/json.hpp"
#include "api/docker/status.hpp"

namespace gantry::docker::endpoints {
namespace {

/// Clients of earlier versions of the API send sizes that they do not mean.
constexpr int first_with_console = 42;

/// An exec session and the container that has it.
struct found_exec {
  found_container container;
  exec_session session;
};

awaitable<result<found_exec>> find_session(context& door, std::string id) {
  gantry::find_exec wanted{docker_namespace, id};
  GANTRY_CO_LET(auto found,
                co_await ask<found_container>(door, door.actors.catalog, std::move(wanted), deadline::inner));
  gantry::inspect_exec message{std::move(id)};
  GANTRY_CO_LET(auto session,
                co_await ask_found<exec_session>(door, found, found.container, std::move(message), deadline::inner));
  co_return found_exec{std::move(found), std::move(session)};
}

/// What cannot be by the state that the request found is the request's answer. The supervisor has the last word: what
/// it refuses, and what fails in starting (the program, the folder to work in), is said on the stream, as dockerd does;
/// the client reads the exit status (126, 127) from inspect.
result<void> may_start(const found_exec& found) {
  const auto& record = *found.container.view;
  if (found.session.started)
    return fail(errc::failed_precondition, "exec session {} has already run", found.session.id);
  if (record.state.now == phase::paused)
    return fail(errc::failed_precondition, "container {} is paused, unpause the container before exec", record.name.id);
  if (record.state.now != phase::running)
    return fail(errc::failed_precondition, "container {} is not running", record.name.id);
  return {};
}

awaitable<result<response>> start_detached(context& door, const found_exec& found, gantry::start_exec message) {
  auto got = co_await ask_found<stream_ticket>(door, found.container, found.container.container, std::move(message),
                                               deadline::launch);
  if (!got) co_return tl::unexpected<error>(start_error(got.error()));
  auto done_answer = empty_response(200);
  co_return done_answer;
}

std::string failure_text(const error& why, bool raw) {
  auto text = why.message + "\r\n";
  return raw ? text : stream::header(monitor::frame::stdout_data, text.size()) + text;
}

/// The way to the session's bytes, once it has started.
awaitable<result<std::unique_ptr<monitor_stream>>> start_attached(context& door, const found_exec& found,
                                                                  gantry::start_exec message) {
  GANTRY_CO_LET(auto ticket, co_await ask_found<stream_ticket>(door, found.container, found.container.container,
                                                               std::move(message), deadline::launch));
  co_return co_await monitor_stream::open(door, ticket);
}

json process_config(const exec_options& options) {
  json made{
      {"tty", options.tty},
      {"entrypoint", options.args.empty() ? "" : options.args.front()},
      {"arguments", std::vector<std::string>(options.args.empty() ? options.args.begin() : options.args.begin() + 1,
                                             options.args.end())},
      {"privileged", options.privileged}};
  if (!options.user.empty()) made["user"] = options.user;
  return made;
}

} // namespace

awaitable<result<response>> exec_create(context& door, const request& what, exchange&) {
  GANTRY_CO_LET(auto options, parse_exec_body(what.body));
  GANTRY_CO_TRY(parse_detach_keys(options.detach_keys));
  if (what.api_minor < first_with_console) options.console = {};
  GANTRY_CO_LET(auto found, co_await find(door, what.subject));
  gantry::create_exec message{std::move(options)};
  GANTRY_CO_LET(auto session,
                co_await ask_found<exec_session>(door, found, found.container, std::move(message), deadline::inner));
  co_return json_response(dump({{"Id", session.id}}), 201);
}

awaitable<result<response>> exec_start(context& door, const request& what, exchange& on) {
  GANTRY_CO_LET(auto body, parse_exec_start_body(what.body));
  GANTRY_CO_LET(auto found, co_await find_session(door, what.subject));
  const auto& options = found.session.options;
  GANTRY_CO_LET(auto keys, parse_detach_keys(options.detach_keys));
  if (what.api_minor < first_with_console || !body.tty) body.console = {};
  gantry::start_exec message{found.session.id, body.detach, body.console};
  if (body.detach) co_return co_await start_detached(door, found, std::move(message));
  GANTRY_CO_TRY(may_start(found));
  const bool raw = body.tty; // the start's own word counts, as dockerd has it, whatever the process has
  auto head = hijacked(what, raw);
  GANTRY_CO_LET(auto client, co_await on.take_over(std::move(head)));
  // After the head: a client may read that through a buffer of its own and the rest without it (Python's http.client),
  // and what is said at once with the head would be lost to it.
  auto container = co_await start_attached(door, found, std::move(message));
  if (!container) {
    auto text = failure_text(container.error(), raw);
    GANTRY_CO_TRY(co_await client->write(text));
    co_return response();
  }
  pump_options how{raw, options.attach_stdin, options.tty ? std::move(keys) : ""};
  auto detached = co_await pump(door, **container, *client, std::move(how));
  if (detached) tell_event(door, *found.container.view, "exec_detach", {{"execID", found.session.id}});
  co_return response();
}

awaitable<result<response>> exec_inspect(context& door, const request& what, exchange&) {
  GANTRY_CO_LET(auto found, co_await find_session(door, what.subject));
  const auto& session = found.session;
  bool ended = session.started && !session.running;
  json made;
  made["ID"] = session.id;
  made["Running"] = session.running;
  made["ExitCode"] = ended ? json(session.exit_code) : json(nullptr);
  made["ProcessConfig"] = process_config(session.options);
  made["OpenStdin"] = session.options.attach_stdin;
  made["OpenStderr"] = session.options.attach_stderr;
  made["OpenStdout"] = session.options.attach_stdout;
  made["CanRemove"] = ended;
  made["ContainerID"] = session.container.id;
  made["DetachKeys"] = session.options.detach_keys;
  made["Pid"] = session.pid;
  co_return json_response(dump(made));
}

awaitable<result<response>> exec_resize(context& door, const request& what, exchange&) {
  GANTRY_CO_LET(auto height, what.parameters.number("h"));
  GANTRY_CO_LET(auto width, what.parameters.number("w"));
  if (!height || !width || *height < 0 || *width < 0 || *height > UINT16_MAX || *width > UINT16_MAX)
    co_return fail(errc::invalid_argument, "h and w are the terminal's rows and columns, of 0 to 65535 each");
  GANTRY_CO_LET(auto found, co_await find_session(door, what.subject));
  resize_container message{found.session.id, static_cast<std::uint16_t>(*height), static_cast<std::uint16_t>(*width)};
  GANTRY_CO_TRY(
      co_await ask_found<done>(door, found.container, found.container.container, std::move(message), deadline::launch));
  co_return empty_response(200);
}

} // namespace gantry::docker::endpoints
