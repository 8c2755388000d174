#include "api/docker/archive_stream.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

namespace gantry::docker {
namespace {

using namespace asio::experimental::awaitable_operators;

constexpr std::chrono::minutes longest_stall{5};

awaitable<result<void>> send_all(context& door, exchange& on, pipe_end& from) {
  for (;;) {
    GANTRY_CO_LET(auto part, co_await from.next());
    if (part.empty()) co_return result<void>();
    GANTRY_CO_TRY(co_await write_in_time(door, on, part));
  }
}

} // namespace

awaitable<result<void>> write_in_time(context& door, exchange& on, std::string_view part) {
  asio::steady_timer patience(door.home->io, longest_stall);
  auto got = co_await (on.write(part) || patience.async_wait(use_awaitable));
  if (got.index() == 1) co_return fail(errc::unavailable, "the client takes nothing any more");
  co_return std::get<0>(std::move(got));
}

awaitable<result<response>> stream_archive(context& door, exchange& on, pipe_end& from, response head) {
  GANTRY_CO_TRY(co_await on.begin(std::move(head)));
  auto sent = co_await (send_all(door, on, from) || on.until_gone());
  if (sent.index() == 0 && !std::get<0>(sent)) co_return tl::unexpected<error>(std::get<0>(sent).error());
  co_return response();
}

} // namespace gantry::docker
