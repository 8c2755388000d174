#pragma once

#include <variant>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include "api/cri/streaming/loop.hpp"

namespace gantry::cri {

/// A client's connection, over TLS or not: an AsyncReadStream and an AsyncWriteStream, as Boost calls them. The
/// server's thread alone; one reader and one writer at a time.
class client_stream {
public:
  using plain = asio::ip::tcp::socket;
  using executor_type = plain::executor_type;

  /// `tls`: how it is spoken; null: not at all.
  client_stream(plain from, asio::ssl::context* tls);

  /// Where TLS is spoken, agrees on it with the client. False: that failed; a client that spoke HTTP was told why.
  awaitable<bool> handshake();
  /// Says that nothing more will be written. Over TLS it then waits until the client says so too, or hangs up.
  awaitable<void> end();

  executor_type get_executor() { return next_layer().get_executor(); }
  plain& next_layer();

  template<class Buffers, class Token>
  auto async_read_some(const Buffers& into, Token&& token) {
    auto begin = [this](auto handler, const Buffers& buffers) {
      std::visit([&](auto& stream) { stream.async_read_some(buffers, std::move(handler)); }, stream_);
    };
    return asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(begin, token, into);
  }
  template<class Buffers, class Token>
  auto async_write_some(const Buffers& from, Token&& token) {
    auto begin = [this](auto handler, const Buffers& buffers) {
      std::visit([&](auto& stream) { stream.async_write_some(buffers, std::move(handler)); }, stream_);
    };
    return asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(begin, token, from);
  }

  /// The end of a WebSocket (Boost.Beast, "Teardown").
  template<class Handler>
  friend void async_teardown(boost::beast::role_type role, client_stream& of, Handler&& handler) {
    using boost::beast::websocket::async_teardown;
    std::visit([&](auto& stream) { async_teardown(role, stream, std::forward<Handler>(handler)); }, of.stream_);
  }

private:
  using encrypted = asio::ssl::stream<plain>;
  std::variant<plain, encrypted> stream_;
};

} // namespace gantry::cri
