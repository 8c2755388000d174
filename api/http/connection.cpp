#include "api/docker/connection.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <spdlog/spdlog.h>

#include "api/docker/live_exchange.hpp"
#include "api/docker/status.hpp"
#include "api/docker/version.hpp"

namespace gantry::docker {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

std::string peer_of(connection::socket& from) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(from.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return "unknown";
  return fmt::format("{}/{}", peer.uid, peer.pid);
}

/// Says why a request could not be read; nothing for a client that has simply gone.
std::optional<response> refusal(error_code why) {
  if (why == http::error::end_of_stream || why == asio::error::eof || why == asio::error::connection_reset ||
      why == asio::error::operation_aborted || why == asio::error::broken_pipe || why == boost::beast::error::timeout)
    return std::nullopt; // a time-out has closed the connection, as dockerd's does
  if (why == http::error::header_limit) return message_response(431, "the request's headers are larger than allowed");
  if (why == http::error::body_limit) return message_response(413, "the request's body is larger than allowed");
  return message_response(400, "malformed HTTP request: " + why.message());
}

bool asks_for_upgrade(const http::request<http::string_body>& message) {
  return http::token_list(message[http::field::connection]).exists("upgrade") && !message[http::field::upgrade].empty();
}

/// Takes the target apart. Errors: invalid_argument.
result<void> read_target(std::string_view target, request& into) {
  if (auto scheme = target.find("://"); !target.starts_with('/') && scheme != std::string_view::npos) {
    // The absolute form, as a client sends it that takes us for a proxy (RFC 9112, section 3.2.2).
    auto slash = target.find('/', scheme + 3);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  if (!target.starts_with('/')) return fail(errc::invalid_argument, "the request's target is no path");
  auto mark = target.find('?');
  GANTRY_LET(auto split, split_version(target.substr(0, mark)));
  into.path = std::move(split.path);
  into.api_minor = split.minor;
  if (mark == std::string_view::npos) return {};
  GANTRY_LET(into.parameters, query::parse(target.substr(mark + 1)));
  return {};
}

} // namespace

connection::connection(context& door, const server_options& limits, traffic& counts, socket from)
    : door_(door), limits_(limits), counts_(counts), stream_(std::move(from)), client_(peer_of(stream_.socket())) {}

awaitable<void> connection::run() {
  try {
    while (co_await serve_one()) {
    }
  } catch (const std::exception& e) {
    // Cancelled by the server's end, or out of memory: this connection's end and nothing more.
    spdlog::debug("docker: connection of {} ended: {}", client_, e.what());
  }
  error_code ignored;
  stream_.socket().shutdown(socket::shutdown_both, ignored);
  stream_.close();
}

awaitable<bool> connection::read_first_byte() {
  if (buffer_.size() != 0) co_return true;
  stream_.expires_after(limits_.idle_timeout);
  auto [failure, got] = co_await stream_.async_read_some(buffer_.prepare(4096), as_tuple);
  buffer_.commit(got);
  if (failure) co_return false;
  co_return true;
}

template<class Parser>
awaitable<std::optional<response>> connection::read_head(Parser& parser, request& into) {
  stream_.expires_after(limits_.header_timeout);
  auto [failure, got] = co_await http::async_read_header(stream_, buffer_, parser, as_tuple);
  if (failure) co_return refusal(failure);
  const auto& message = parser.get();
  http_minor_ = message.version() >= 11 ? 1 : 0;
  keep_alive_ = message.keep_alive();
  into.method = std::string(message.method_string());
  into.client = client_;
  into.wants_upgrade = asks_for_upgrade(message);
  for (const auto& field : message)
    into.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  if (auto read = read_target({message.target().data(), message.target().size()}, into); !read)
    co_return error_response(read.error());
  co_return std::optional<response>();
}

template<class Parser>
awaitable<std::optional<response>> connection::read_body(Parser& parser, request& into) {
  stream_.expires_after(limits_.body_timeout);
  if (http::token_list(parser.get()[http::field::expect]).exists("100-continue") && !parser.is_done()) {
    static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    co_await asio::async_write(stream_, asio::buffer(go_on), as_tuple);
  }
  auto [failure, got] = co_await http::async_read(stream_, buffer_, parser, as_tuple);
  if (failure) co_return refusal(failure);
  into.body = std::move(parser.get().body());
  co_return std::optional<response>();
}

awaitable<bool> connection::serve_one() {
  if (!co_await read_first_byte()) co_return false;
  http::request_parser<http::string_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(limits_.max_header));
  parser.body_limit(limits_.max_body);
  request what;
  auto refused = co_await read_head(parser, what);
  if (!refused && !parser.is_header_done()) co_return false; // nobody is there to be told
  const route* to = nullptr;
  if (!refused) {
    // What nobody will answer is refused before its body is read: an image or a build context may be large.
    if (auto found = find_route(routes(), what); found)
      to = *found;
    else
      refused = error_response(found.error());
  }
  bool whole = parser.is_done();
  if (!refused) {
    refused = co_await read_body(parser, what);
    whole = parser.is_done();
    if (!refused && !whole) co_return false;
  }
  if (refused) {
    keep_alive_ = keep_alive_ && whole;
    co_return co_await respond(*refused, what.method == "HEAD") && keep_alive_;
  }
  co_return co_await answer(what, *to);
}

awaitable<bool> connection::answer(request& what, const route& to) {
  struct counted {
    traffic& in;
    explicit counted(traffic& t) : in(t) { ++in.requests, in.touch(); }
    ~counted() { --in.requests, in.touch(); }
  } counting(counts_);
  stream_.expires_never();
  live_exchange exchange(*this, what);
  auto got = co_await to.answer(door_, what, exchange);
  if (exchange.begun()) {
    if (!got) spdlog::debug("docker: {} {} ended early: {}", what.method, what.path, got.error().message);
    co_return co_await exchange.finish(got.has_value());
  }
  if (!got) {
    spdlog::debug("docker: {} {}: {}", what.method, what.path, got.error().message);
    auto refused = error_response(got.error());
    co_return co_await respond(refused, what.method == "HEAD");
  }
  co_return co_await respond(*got, what.method == "HEAD");
}

awaitable<bool> connection::respond(const response& what, bool head_only) {
  bool bare = what.status == 204 || what.status == 304;
  auto text = render_head(what, bare ? framing::none : framing::length, keep_alive_, http_minor_);
  if (!head_only && !bare) text += what.body;
  stream_.expires_after(limits_.response_timeout);
  auto [failure, sent] = co_await asio::async_write(stream_, asio::buffer(text), as_tuple);
  co_return !failure && keep_alive_;
}

} // namespace gantry::docker
