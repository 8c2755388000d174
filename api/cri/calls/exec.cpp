#include <boost/asio/experimental/awaitable_operators.hpp>

#include "api/cri/calls/calls.hpp"
#include "api/cri/calls/find.hpp"
#include "api/door/monitor_stream.hpp"

namespace gantry::cri::calls {
namespace {

using namespace asio::experimental::awaitable_operators;

/// Bytes of each stream that are kept (CRI v1, ExecSyncResponse): a command that says more runs on, and the rest is
/// dropped.
constexpr std::size_t max_output = 16'000'000;

/// An exec session under way. Its end ends the process, if that still runs: the client has gone, or waited long enough.
class session {
public:
  session(container_supervisor_actor container, std::string id)
      : container_(std::move(container)), id_(std::move(id)) {}
  session(const session&) = delete;
  session& operator=(const session&) = delete;
  ~session() {
    if (!over_) tell(container_, kill_container{"SIGKILL", id_});
  }
  void ended() { over_ = true; }

private:
  container_supervisor_actor container_;
  std::string id_;
  bool over_ = false;
};

void keep(std::string& all, std::string_view more) { all.append(more.substr(0, max_output - all.size())); }

/// Until the command has ended and all that it said was read.
awaitable<result<v1::ExecSyncResponse>> collect(door::monitor_stream& from) {
  v1::ExecSyncResponse made;
  for (;;) {
    GANTRY_CO_LET(auto next, co_await from.read());
    if (!next) co_return fail(errc::unavailable, "the container's monitor hung up before the command ended");
    if (next->type == monitor::frame::stdout_data) keep(*made.mutable_stdout(), next->payload);
    if (next->type == monitor::frame::stderr_data) keep(*made.mutable_stderr(), next->payload);
    if (next->type != monitor::frame::end) continue;
    made.set_exit_code(stream::exit_code_of(next->payload));
    co_return made;
  }
}

/// Without a timeout it waits until it is cancelled.
awaitable<void> until_over(context& door, std::int64_t seconds) {
  asio::steady_timer timer(door.home->io, asio::steady_timer::time_point::max());
  if (seconds > 0) timer.expires_after(std::chrono::seconds(seconds));
  co_await timer.async_wait(as_tuple);
}

} // namespace

answer<v1::ExecSyncResponse> exec_sync(context& door, const v1::ExecSyncRequest& request) {
  constexpr std::int64_t longest = 10L * 365 * 86'400; // what a clock can still hold
  if (request.timeout() < 0 || request.timeout() > longest)
    co_return fail(errc::invalid_argument, "timeout: {} s cannot be waited for", request.timeout());
  GANTRY_CO_LET(auto found, co_await find(door, request.container_id()));
  exec_options options;
  options.args = {request.cmd().begin(), request.cmd().end()};
  options.attach_stdout = options.attach_stderr = true;
  create_exec create{std::move(options)};
  GANTRY_CO_LET(auto made, co_await ask<exec_session>(door, found.container, std::move(create), deadline::launch));
  session running(found.container, made.id);
  start_exec start{made.id, false, {}};
  GANTRY_CO_LET(auto ticket, co_await ask<stream_ticket>(door, found.container, std::move(start), deadline::launch));
  GANTRY_CO_LET(auto stream, co_await door::monitor_stream::open(door, ticket));
  auto first = co_await (collect(*stream) || until_over(door, request.timeout()));
  auto* answered = std::get_if<0>(&first);
  if (!answered) co_return fail(errc::timeout, "the command did not end within {} s and was killed", request.timeout());
  if (*answered) running.ended();
  co_return std::move(*answered);
}

} // namespace gantry::cri::calls
