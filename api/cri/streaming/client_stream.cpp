#include "api/cri/streaming/client_stream.hpp"

#include <openssl/sslerr.h>
#include <sys/socket.h>

namespace gantry::cri {
namespace {

/// Not waited for: the client has a socket buffer for it to go into.
void ask_for_tls(asio::ip::tcp::socket& client) {
  static constexpr std::string_view text = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
                                           "Connection: close\r\nContent-Length: 35\r\n\r\n"
                                           "TLS is spoken here: ask by https://";
  (void)::send(client.native_handle(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

} // namespace

client_stream::client_stream(plain from, asio::ssl::context* tls)
    : stream_(tls == nullptr ? decltype(stream_)(std::move(from))
                             : decltype(stream_)(std::in_place_type<encrypted>, std::move(from), *tls)) {}

client_stream::plain& client_stream::next_layer() {
  auto* over_tls = std::get_if<encrypted>(&stream_);
  return over_tls != nullptr ? over_tls->next_layer() : std::get<plain>(stream_);
}

awaitable<bool> client_stream::handshake() {
  auto* over_tls = std::get_if<encrypted>(&stream_);
  if (over_tls == nullptr) co_return true;
  auto [failure] = co_await over_tls->async_handshake(asio::ssl::stream_base::server, as_tuple);
  auto is_http = failure.category() == asio::error::get_ssl_category() &&
                 ERR_GET_REASON(static_cast<unsigned long>(failure.value())) == SSL_R_HTTP_REQUEST;
  if (is_http) ask_for_tls(next_layer());
  co_return !failure;
}

awaitable<void> client_stream::end() {
  if (auto* over_tls = std::get_if<encrypted>(&stream_)) co_await over_tls->async_shutdown(as_tuple);
  boost::system::error_code ignored;
  next_layer().shutdown(plain::shutdown_send, ignored);
}

} // namespace gantry::cri
