#include "api/cri/streaming/transport.hpp"

#include <poll.h>

#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>

namespace gantry::cri {
namespace {

constexpr std::size_t read_bytes = 32u << 10;

bool is_hung_up(int fd) {
  pollfd state{fd, POLLRDHUP, 0};
  return ::poll(&state, 1, 0) > 0;
}

} // namespace

socket_transport::socket_transport(client_stream from, std::string early)
    : socket_(std::move(from)), early_(std::move(early)) {}

awaitable<std::optional<std::string>> socket_transport::read() {
  if (!early_.empty()) co_return std::exchange(early_, {});
  std::string bytes(read_bytes, '\0');
  auto [failure, got] = co_await socket_.async_read_some(asio::buffer(bytes), as_tuple);
  if (failure) co_return std::nullopt;
  touch();
  bytes.resize(got);
  co_return bytes;
}

awaitable<bool> socket_transport::write(std::string_view bytes) {
  auto [failure, sent] = co_await asio::async_write(socket_, asio::buffer(bytes), as_tuple);
  touch();
  co_return !failure;
}

awaitable<void> socket_transport::end() { co_await socket_.end(); }

bool socket_transport::hung_up() { return is_hung_up(socket_.next_layer().native_handle()); }

awaitable<std::optional<std::string>> websocket_transport::read() {
  boost::beast::flat_buffer buffer;
  auto [failure, got] = co_await stream_->async_read(buffer, as_tuple);
  if (failure) co_return std::nullopt;
  touch();
  co_return boost::beast::buffers_to_string(buffer.data());
}

awaitable<bool> websocket_transport::write(std::string_view bytes) {
  auto [failure, sent] = co_await stream_->async_write(asio::buffer(bytes), as_tuple);
  touch();
  co_return !failure;
}

awaitable<void> websocket_transport::end() { co_await stream_->async_close(websocket::close_code::normal, as_tuple); }

bool websocket_transport::hung_up() { return is_hung_up(stream_->next_layer().next_layer().native_handle()); }

} // namespace gantry::cri
