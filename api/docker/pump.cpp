#include "api/docker/pump.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "api/docker/detach_keys.hpp"

namespace gantry::docker {
namespace {

using namespace asio::experimental::awaitable_operators;

/// Container to client.
awaitable<void> send_output(monitor_stream& container, raw_connection& client, bool raw) {
  for (;;) {
    auto frame = co_await container.read();
    if (!frame || !*frame || (*frame)->type == monitor::frame::end) break;
    const auto& got = **frame;
    if (got.type != monitor::frame::stdout_data && got.type != monitor::frame::stderr_data) continue;
    if (got.payload.empty()) continue;
    auto bytes = raw ? got.payload : stream::header(got.type, got.payload.size()) + got.payload;
    auto written = co_await client.write(bytes);
    if (!written) break;
  }
  co_await client.shut_down();
}

/// Client to container. Ends when the client is gone or has detached, not when it only has no more to say. Whether it
/// has detached.
awaitable<bool> send_input(context& door, monitor_stream& container, raw_connection& client, pump_options how) {
  detach_watch watch(how.detach_keys);
  for (;;) {
    auto bytes = co_await client.read_some();
    if (!bytes) co_return false;
    if (bytes->empty()) break;
    if (!how.want_stdin) continue; // what nobody asked for is read and dropped: it must not stay in the socket
    detach_watch::outcome found{std::move(*bytes), false};
    if (!how.detach_keys.empty()) found = watch.add(found.forward);
    if (!found.forward.empty()) {
      auto written = co_await container.write_stdin(found.forward);
      if (!written) break;
    }
    if (found.detached) co_return true;
  }
  if (how.want_stdin) container.shut_stdin();
  while (!client.gone()) {
    asio::steady_timer pause(door.home->io, std::chrono::milliseconds(500));
    co_await pause.async_wait(asio::as_tuple(use_awaitable));
  }
  co_return false;
}

} // namespace

awaitable<bool> pump(context& door, monitor_stream& container, raw_connection& client, pump_options how) {
  auto raw = how.raw;
  auto ended = co_await (send_output(container, client, raw) || send_input(door, container, client, std::move(how)));
  co_return ended.index() == 1 && std::get<1>(ended);
}

} // namespace gantry::docker
