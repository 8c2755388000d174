#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "api/http/connection.hpp"

namespace gantry::http {

/// A request's body, read piece by piece when its handler asks for it: nothing of it is held. The door's thread alone.
class body_reader {
public:
  using head_parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  /// Goes on where `head` ended.
  body_reader(connection::stream& from, boost::beast::flat_buffer& buffered, head_parser&& head);

  /// As exchange::read_body. A client that sends nothing for `silence` is gone.
  awaitable<result<std::string>> read(std::chrono::seconds silence);
  [[nodiscard]] bool at_end() const { return parser_.is_done(); }

  /// Reads and forgets what a client still sends, for a bounded time and size, so that it gets to read its answer: the
  /// end of a socket with unread bytes is an error to who writes to it.
  awaitable<void> forget_rest();

private:
  awaitable<result<void>> agree();

  connection::stream& from_;
  boost::beast::flat_buffer& buffered_;
  boost::beast::http::request_parser<boost::beast::http::buffer_body> parser_;
  bool asked_ = false; ///< the client waits for "100 Continue" no more
};

} // namespace gantry::http
