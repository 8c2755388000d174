#pragma once

#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "tools/gantry/http/client.hpp"

namespace gantry::cli::http {

namespace asio = boost::asio;
namespace beast = boost::beast;

/// What a response keeps: the connection, bytes read ahead, and the parser that stands in the body.
struct response::state {
  asio::io_context io{1};
  asio::local::stream_protocol::socket socket{io};
  beast::flat_buffer buffer{1 << 20};
  std::optional<beast::http::response_parser<beast::http::buffer_body>> parser;
};

} // namespace gantry::cli::http
