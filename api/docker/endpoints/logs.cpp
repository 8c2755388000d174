#include <charconv>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "api/docker/endpoints/endpoints.hpp"
#include "api/docker/endpoints/find.hpp"
#include "api/docker/log_lines.hpp"
#include "api/docker/parse/moment.hpp"
#include "api/docker/status.hpp"
#include "api/door/monitor_stream.hpp"

namespace gantry::docker::endpoints {
namespace {

using namespace asio::experimental::awaitable_operators;

result<log::query> parse_query(const query& from) {
  log::query wanted;
  wanted.want_out = from.flag("stdout");
  wanted.want_err = from.flag("stderr");
  if (!wanted.want_out && !wanted.want_err)
    return fail(errc::invalid_argument, "Bad parameters: you must choose at least one stream");
  GANTRY_LET(wanted.since, parse_moment("since", from.get("since"), now()));
  GANTRY_LET(wanted.until, parse_moment("until", from.get("until"), now()));
  auto tail = from.get("tail");
  if (tail.empty() || tail == "all") return wanted;
  // As dockerd has it: what is no number, or less than none, is all.
  auto parsed = std::from_chars(tail.data(), tail.data() + tail.size(), wanted.tail);
  if (parsed.ec != std::errc{} || parsed.ptr != tail.data() + tail.size() || wanted.tail < 0) wanted.tail = -1;
  return wanted;
}

awaitable<result<void>> send_present(context& door, log_lines& lines, exchange& on) {
  for (;;) {
    GANTRY_CO_LET(auto portion, co_await lines.next(door));
    if (portion.empty()) co_return result<void>();
    GANTRY_CO_TRY(co_await on.write(portion));
  }
}

bool goes_on(const container_record& record) {
  auto state = record.state.now;
  return state == phase::running || state == phase::paused || state == phase::restarting || state == phase::starting;
}

/// A stream that tells when the log has grown; none when the container does not run.
awaitable<result<std::unique_ptr<monitor_stream>>> watch(context& door, const found_container& found) {
  follow_container_log message;
  GANTRY_CO_LET(auto ticket, co_await ask<stream_ticket>(door, found.container, message, deadline::launch));
  co_return co_await monitor_stream::open(door, ticket);
}

/// Follows one life of the container, to its end.
awaitable<result<void>> follow_life(context& door, monitor_stream& grown, log_lines& lines, exchange& on) {
  for (;;) {
    GANTRY_CO_TRY(co_await send_present(door, lines, on));
    if (lines.finished()) co_return result<void>();
    GANTRY_CO_LET(auto frame, co_await grown.read());
    if (!frame || frame->type == monitor::frame::end) break;
  }
  co_return co_await send_present(door, lines, on);
}

awaitable<result<void>> follow(context& door, found_container found, log_lines& lines, exchange& on) {
  for (;;) {
    // The stream is opened before the log is read, so that what is written in between is not missed.
    auto grown = co_await watch(door, found);
    if (grown)
      GANTRY_CO_TRY(co_await follow_life(door, **grown, lines, on));
    else
      GANTRY_CO_TRY(co_await send_present(door, lines, on));
    auto again = co_await find(door, found.name.id);
    if (lines.finished() || !again || !goes_on(*again->view)) co_return co_await send_present(door, lines, on);
    found = std::move(*again); // it restarts, or its monitor was replaced
    asio::steady_timer pause(door.home->io, std::chrono::milliseconds(100));
    co_await pause.async_wait(asio::as_tuple(use_awaitable));
  }
}

} // namespace

awaitable<result<response>> container_logs(context& door, const request& what, exchange& on) {
  GANTRY_CO_LET(auto wanted, parse_query(what.parameters));
  GANTRY_CO_LET(auto found, co_await find(door, what.subject));
  const auto& options = found.view->options;
  if (options.log.driver == "none")
    co_return message_response(501, "configured logging driver does not support reading");
  log_lines lines(found.view->log_path, wanted,
                  {what.parameters.flag("timestamps"), options.tty, what.parameters.flag("details")});
  response head;
  head.content_type = options.tty ? "application/vnd.docker.raw-stream" : "application/vnd.docker.multiplexed-stream";
  GANTRY_CO_TRY(co_await on.begin(std::move(head)));
  if (!what.parameters.flag("follow")) {
    GANTRY_CO_TRY(co_await send_present(door, lines, on));
    co_return response();
  }
  auto ended = co_await (follow(door, std::move(found), lines, on) || on.until_gone());
  if (ended.index() == 0 && !std::get<0>(ended)) co_return tl::unexpected<error>(std::get<0>(ended).error());
  co_return response();
}

} // namespace gantry::docker::endpoints
