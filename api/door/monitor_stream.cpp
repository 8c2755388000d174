#include "api/door/monitor_stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/write.hpp>

namespace gantry::door {

using http::as_tuple;

awaitable<result<std::unique_ptr<monitor_stream>>> monitor_stream::open(http::workplace& at,
                                                                        const stream_ticket& ticket) {
  constexpr std::size_t longest_path = 107; // sockaddr_un
  if (ticket.socket.empty() || ticket.socket.size() > longest_path)
    co_return fail(errc::internal, "the stream socket's path {} is no path of a socket", ticket.socket);
  std::unique_ptr<monitor_stream> made(new monitor_stream(at.home->io));
  asio::local::stream_protocol::endpoint where(ticket.socket);
  auto [failure] = co_await made->socket_.async_connect(where, as_tuple);
  if (failure) co_return fail(errc::unavailable, "the container's monitor does not answer: {}", failure.message());
  auto [not_sent, sent] = co_await asio::async_write(made->socket_, asio::buffer(ticket.token), as_tuple);
  if (not_sent) co_return fail(errc::unavailable, "the container's monitor hung up: {}", not_sent.message());
  co_return std::move(made);
}

awaitable<result<std::optional<stream::frame>>> monitor_stream::read() {
  for (;;) {
    GANTRY_CO_LET(auto next, reader_.next());
    if (next) co_return next;
    auto [failure, got] = co_await socket_.async_read_some(asio::buffer(bytes_), as_tuple);
    if (failure == asio::error::eof || failure == asio::error::connection_reset)
      co_return std::optional<stream::frame>();
    if (failure) co_return fail(errc::unavailable, "the container's stream broke: {}", failure.message());
    reader_.add(std::string_view(bytes_).substr(0, got));
  }
}

awaitable<result<void>> monitor_stream::write_stdin(std::string_view bytes) {
  std::string frames;
  stream::append_frames(frames, monitor::frame::stdin_data, bytes);
  auto [failure, sent] = co_await asio::async_write(socket_, asio::buffer(frames), as_tuple);
  if (failure) co_return fail(errc::unavailable, "the container does not read any more: {}", failure.message());
  co_return result<void>();
}

void monitor_stream::shut_stdin() {
  boost::system::error_code ignored;
  socket_.shutdown(asio::local::stream_protocol::socket::shutdown_send, ignored);
}

} // namespace gantry::door
