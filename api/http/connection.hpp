#pragma once

#include <atomic>
#include <memory>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include "api/http/server.hpp"

namespace gantry::http {

/// Counts of a server, written by its thread and read by any.
struct traffic {
  std::atomic<std::size_t> requests{0};
  std::atomic<std::int64_t> last_request{0}; ///< steady clock, nanoseconds
  void touch() { last_request = std::chrono::steady_clock::now().time_since_epoch().count(); }
};

class body_reader;

/// One client: reads requests one after another, has them answered, and ends with the client, on an error of the
/// protocol, or when a time-out says so. The door's thread alone.
class connection {
public:
  using socket = asio::generic::stream_protocol::socket;
  using stream = boost::beast::basic_stream<asio::generic::stream_protocol>;

  connection(site& serves, const server_options& limits, traffic& counts, socket from);

  awaitable<void> run();
  asio::cancellation_signal& cancellation() { return cancellation_; }

private:
  friend class live_exchange;
  /// False: the connection ends.
  awaitable<bool> serve_one();
  awaitable<bool> read_first_byte();
  template<class Parser>
  awaitable<std::optional<response>> read_head(Parser& parser, request& into);
  template<class Parser>
  awaitable<std::optional<response>> read_body(Parser& parser, request& into);
  awaitable<bool> answer(const request& what, const handler& by, body_reader* body = nullptr);
  template<class Parser>
  awaitable<bool> answer_streamed(const request& what, const handler& by, Parser& parser);
  awaitable<bool> respond(const response& what, bool head_only);

  site& site_;
  const server_options& limits_;
  traffic& counts_;
  stream stream_;
  boost::beast::flat_buffer buffer_;
  std::string client_;
  bool keep_alive_ = false;
  int http_minor_ = 1;
  asio::cancellation_signal cancellation_;
};

} // namespace gantry::http
