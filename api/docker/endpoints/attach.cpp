#include "api/docker/detach_keys.hpp"
#include "api/docker/endpoints/container_event.hpp"
#include "api/docker/endpoints/endpoints.hpp"
#include "api/docker/endpoints/find.hpp"
#include "api/docker/log_lines.hpp"
#include "api/docker/pump.hpp"

namespace gantry::docker::endpoints {
namespace {

result<void> may_attach(const container_record& record) {
  if (record.state.now == phase::paused)
    return fail(errc::failed_precondition, "container {} is paused, unpause the container before attach",
                record.display_name);
  if (record.state.now == phase::restarting)
    return fail(errc::failed_precondition, "container {} is restarting, wait until the container is running",
                record.display_name);
  return {};
}

/// One that has ended may be started again: `start -a` attaches before it starts.
bool may_run(const container_record& record) {
  return record.state.now != phase::removing && record.state.now != phase::dead;
}

/// What a client is to be attached to, before it is answered.
struct attachment {
  found_container container;
  std::string detach_keys; ///< of a terminal
  attach_container wanted;
  std::unique_ptr<monitor_stream> live; ///< null: only what was said is wanted
};

awaitable<result<attachment>> prepare(context& door, const request& what) {
  const auto& from = what.parameters;
  attachment made;
  GANTRY_CO_LET(auto keys, parse_detach_keys(from.get("detachKeys")));
  GANTRY_CO_LET(made.container, co_await find(door, what.subject));
  const auto& record = *made.container.view;
  GANTRY_CO_TRY(may_attach(record));
  if (record.options.tty) made.detach_keys = std::move(keys);
  made.wanted = {from.flag("stdin") && record.options.open_stdin, from.flag("stdout"), from.flag("stderr")};
  if (!from.flag("stream") || !may_run(record)) co_return made;
  // Before the answer, so that what the container says from now on is not missed.
  GANTRY_CO_LET(auto ticket, co_await ask_found<stream_ticket>(door, made.container, made.container.container,
                                                               made.wanted, deadline::launch));
  GANTRY_CO_LET(made.live, co_await monitor_stream::open(door, ticket));
  co_return made;
}

awaitable<result<void>> replay(context& door, const container_record& record, const query& from, bool raw,
                               raw_connection& client) {
  log::query wanted;
  wanted.want_out = from.flag("stdout");
  wanted.want_err = from.flag("stderr");
  log_lines lines(record.log_path, wanted, {false, raw});
  for (;;) {
    GANTRY_CO_LET(auto portion, co_await lines.next(door));
    if (portion.empty()) co_return result<void>();
    GANTRY_CO_TRY(co_await client.write(portion));
  }
}

awaitable<result<response>> carry(context& door, const request& what, attachment& to, raw_connection& client,
                                  bool raw) {
  if (what.parameters.flag("logs"))
    GANTRY_CO_TRY(co_await replay(door, *to.container.view, what.parameters, raw, client));
  tell_event(door, *to.container.view, "attach");
  if (to.live) {
    pump_options how{raw, to.wanted.want_stdin, to.detach_keys};
    auto detached = co_await pump(door, *to.live, client, std::move(how));
    if (detached) tell_event(door, *to.container.view, "detach");
  } else {
    co_await client.shut_down();
  }
  co_return response();
}

} // namespace

awaitable<result<response>> container_attach(context& door, const request& what, exchange& on) {
  GANTRY_CO_LET(auto to, co_await prepare(door, what));
  const bool tty = to.container.view->options.tty;
  auto head = hijacked(what, tty);
  GANTRY_CO_LET(auto client, co_await on.take_over(std::move(head)));
  co_return co_await carry(door, what, to, *client, tty);
}

awaitable<result<response>> container_attach_websocket(context& door, const request& what, exchange& on) {
  GANTRY_CO_LET(auto to, co_await prepare(door, what));
  // Before 1.28, messages were said to be text, whatever they held (Docker Engine API, version history).
  auto kind = what.api_minor < 28 ? http::message_kind::text : http::message_kind::bytes;
  GANTRY_CO_LET(auto client, co_await on.take_over_websocket(kind));
  co_return co_await carry(door, what, to, *client, true);
}

} // namespace gantry::docker::endpoints
