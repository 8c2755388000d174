#pragma once

#include <boost/beast/websocket/stream.hpp>

#include "api/http/exchange.hpp"

namespace gantry::http {

namespace websocket = boost::beast::websocket;

/// What every WebSocket here has in common: messages of bytes, bounded ones; a client that we do not read is not idle,
/// so nothing is closed for silence. `protocol`: what is told as chosen; empty: none.
template<class Stream>
void prepare_websocket(Stream& stream, std::size_t max_message, std::chrono::seconds handshake_timeout,
                       std::string protocol) {
  stream.read_message_max(max_message);
  stream.binary(true);
  auto times = websocket::stream_base::timeout::suggested(boost::beast::role_type::server);
  times.handshake_timeout = handshake_timeout;
  times.idle_timeout = websocket::stream_base::none();
  times.keep_alive_pings = false;
  stream.set_option(times);
  if (protocol.empty()) return;
  stream.set_option(
      websocket::stream_base::decorator([protocol = std::move(protocol)](websocket::response_type& reply) {
        reply.set(boost::beast::http::field::sec_websocket_protocol, protocol);
      }));
}

} // namespace gantry::http
