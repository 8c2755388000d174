#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>

#include "api/cri/streaming/limits.hpp"
#include "api/cri/streaming/outbox.hpp"
#include "api/cri/streaming/protocol.hpp"
#include "api/cri/streaming/token_table.hpp"

namespace gantry::cri {

/// One client: its request, the upgrade, and the stream that the token stands for. The server's thread alone.
class connection {
public:
  connection(std::shared_ptr<loop> home, backend& engine, token_table& tokens, const stream_limits& limits,
             client_stream from);

  awaitable<void> run();
  asio::cancellation_signal& cancellation() { return cancellation_; }

private:
  using head = boost::beast::http::request<boost::beast::http::empty_body>;

  awaitable<std::optional<head>> read_head();
  std::optional<stream_request> redeem(const head& request);
  awaitable<void> upgrade(head request, stream_request what);
  awaitable<void> upgrade_spdy(head request, stream_request what);
  awaitable<void> upgrade_websocket(head request, stream_request what);
  awaitable<std::unique_ptr<transport>> accept_websocket(const head& request, std::string_view protocol);

  awaitable<void> stream_spdy(transport& client, stream_request what, std::optional<remotecommand_protocol> protocol);
  awaitable<void> run_spdy(transport& client, outbox& to, stream_request what,
                           std::optional<remotecommand_protocol> protocol);
  awaitable<void> stream_channels(transport& client, stream_request what, remotecommand_protocol protocol);
  awaitable<void> run_channels(transport& client, outbox& to, stream_request what, remotecommand_protocol protocol);
  /// Ends when the client has hung up, though nobody reads, or has been idle for too long.
  awaitable<void> watch(transport& client);

  awaitable<void> refuse(boost::beast::http::status status, std::string text,
                         const std::vector<std::string_view>& accepted = {});

  std::shared_ptr<loop> home_;
  backend& engine_;
  token_table& tokens_;
  const stream_limits& limits_;
  client_stream socket_;
  boost::beast::flat_buffer buffer_;
  asio::cancellation_signal cancellation_;
};

} // namespace gantry::cri
