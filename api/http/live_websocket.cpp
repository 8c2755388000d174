#include "api/http/live_websocket.hpp"

#include <poll.h>

#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include "api/http/websocket.hpp"

namespace gantry::http {
namespace {

namespace wire = boost::beast::http;

constexpr std::size_t max_message = 1u << 20;
constexpr std::chrono::seconds handshake_timeout{10};

class websocket_connection final : public raw_connection {
public:
  using stream = websocket::stream<connection::stream&>;

  explicit websocket_connection(connection::stream& on) : stream_(on) {}
  [[nodiscard]] stream& inner() { return stream_; }

  awaitable<result<std::string>> read_some() override {
    for (;;) {
      boost::beast::flat_buffer buffer;
      auto [failure, got] = co_await stream_.async_read(buffer, as_tuple);
      if (failure) co_return fail(errc::unavailable, "the client has hung up");
      if (got > 0) co_return boost::beast::buffers_to_string(buffer.data()); // an empty message says nothing
    }
  }
  awaitable<result<void>> write(std::string_view bytes) override {
    auto [failure, sent] = co_await stream_.async_write(asio::buffer(bytes), as_tuple);
    if (failure) co_return fail(errc::unavailable, "the client has hung up");
    co_return result<void>();
  }
  awaitable<void> shut_down() override { co_await stream_.async_close(websocket::close_code::normal, as_tuple); }
  [[nodiscard]] bool gone() const override {
    pollfd state{const_cast<stream&>(stream_).next_layer().socket().native_handle(), POLLRDHUP, 0};
    return ::poll(&state, 1, 0) > 0;
  }

private:
  stream stream_;
};

wire::request<wire::empty_body> head_of(const request& what) {
  wire::request<wire::empty_body> head;
  head.method_string(what.method);
  head.target(what.path);
  head.version(11);
  for (const auto& [name, value] : what.headers) head.insert(name, value);
  return head;
}

} // namespace

awaitable<result<std::unique_ptr<raw_connection>>> accept_websocket(connection::stream& on, const request& what,
                                                                    message_kind kind) {
  const auto head = head_of(what);
  if (!websocket::is_upgrade(head))
    co_return fail(errc::invalid_argument, "a WebSocket is opened here (RFC 6455): the request does not ask for one");
  on.expires_never();
  auto made = std::make_unique<websocket_connection>(on);
  prepare_websocket(made->inner(), max_message, handshake_timeout, {});
  made->inner().text(kind == message_kind::text);
  auto [failure] = co_await made->inner().async_accept(head, as_tuple);
  if (failure) co_return fail(errc::unavailable, "the WebSocket could not be opened: {}", failure.message());
  co_return std::unique_ptr<raw_connection>(std::move(made));
}

} // namespace gantry::http
