#include "api/docker/detach_keys.hpp"
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

awaitable<result<void>> replay(context& door, const container_record& record, const query& from,
                               raw_connection& client) {
  log::query wanted;
  wanted.want_out = from.flag("stdout");
  wanted.want_err = from.flag("stderr");
  log_lines lines(record.log_path, wanted, {false, record.options.tty});
  for (;;) {
    GANTRY_CO_LET(auto portion, co_await lines.next(door));
    if (portion.empty()) co_return result<void>();
    GANTRY_CO_TRY(co_await client.write(portion));
  }
}

/// One that has ended may be started again: `start -a` attaches before it starts.
bool may_run(const container_record& record) {
  return record.state.now != phase::removing && record.state.now != phase::dead;
}

} // namespace

awaitable<result<response>> container_attach(context& door, const request& what, exchange& on) {
  const auto& from = what.parameters;
  GANTRY_CO_LET(auto keys, parse_detach_keys(from.get("detachKeys")));
  GANTRY_CO_LET(auto found, co_await find(door, what.subject));
  GANTRY_CO_TRY(may_attach(*found.view));
  auto tty = found.view->options.tty;
  bool live = from.flag("stream") && may_run(*found.view);
  std::unique_ptr<monitor_stream> container;
  attach_container wanted{from.flag("stdin") && found.view->options.open_stdin, from.flag("stdout"),
                          from.flag("stderr")};
  if (live) {
    // Before the answer, so that what the container says from now on is not missed.
    GANTRY_CO_LET(auto ticket,
                  co_await ask_found<stream_ticket>(door, found, found.container, wanted, deadline::launch));
    GANTRY_CO_LET(container, co_await monitor_stream::open(door, ticket));
  }
  auto head = hijacked(what, tty);
  GANTRY_CO_LET(auto client, co_await on.take_over(std::move(head)));
  if (from.flag("logs")) GANTRY_CO_TRY(co_await replay(door, *found.view, from, *client));
  if (!live) co_return response();
  pump_options how{tty, wanted.want_stdin, std::move(keys)};
  co_await pump(door, *container, *client, std::move(how));
  co_return response();
}

} // namespace gantry::docker::endpoints
