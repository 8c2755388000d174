#include "api/http/body_reader.hpp"

#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>

namespace gantry::http {
namespace {

namespace wire = boost::beast::http;

constexpr std::size_t piece_bytes = 256u << 10;
constexpr std::size_t forgotten_bytes = 64u << 20;
constexpr std::chrono::seconds forgetting{5};

} // namespace

body_reader::body_reader(connection::stream& from, boost::beast::flat_buffer& buffered, head_parser&& head)
    : from_(from), buffered_(buffered), parser_(std::move(head)) {
  parser_.body_limit(boost::none);
}

awaitable<result<void>> body_reader::agree() {
  if (std::exchange(asked_, true) || parser_.is_done()) co_return result<void>();
  if (!wire::token_list(parser_.get()[wire::field::expect]).exists("100-continue")) co_return result<void>();
  static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
  auto [failure, sent] = co_await asio::async_write(from_, asio::buffer(go_on), as_tuple);
  if (failure) co_return fail(errc::unavailable, "the client has hung up");
  co_return result<void>();
}

awaitable<result<std::string>> body_reader::read(std::chrono::seconds silence) {
  GANTRY_CO_TRY(co_await agree());
  std::string bytes(piece_bytes, '\0');
  auto& body = parser_.get().body();
  body.data = bytes.data();
  body.size = bytes.size();
  body.more = true;
  from_.expires_after(silence);
  while (!parser_.is_done() && body.size == bytes.size()) {
    auto [failure, got] = co_await wire::async_read_some(from_, buffered_, parser_, as_tuple);
    if (failure == wire::error::need_buffer) break;
    if (failure == boost::beast::error::timeout)
      co_return fail(errc::unavailable, "the client sent nothing for {} s", silence.count());
    if (failure.category() == wire::make_error_code(wire::error::bad_chunk).category() &&
        failure != wire::error::partial_message && failure != wire::error::end_of_stream)
      co_return fail(errc::invalid_argument, "malformed HTTP request: {}", failure.message());
    if (failure) co_return fail(errc::unavailable, "the client has hung up before the end of the request's body");
  }
  from_.expires_never();
  bytes.resize(bytes.size() - body.size);
  co_return bytes;
}

awaitable<void> body_reader::forget_rest() {
  boost::system::error_code ignored;
  from_.socket().shutdown(connection::socket::shutdown_send, ignored);
  from_.expires_after(forgetting);
  std::size_t forgotten = buffered_.size();
  buffered_.clear();
  while (forgotten < forgotten_bytes) {
    auto [failure, got] = co_await from_.async_read_some(buffered_.prepare(65536), as_tuple);
    if (failure || got == 0) co_return;
    forgotten += got;
  }
}

} // namespace gantry::http
