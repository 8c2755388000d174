#include "api/http/connection.hpp"

#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <spdlog/spdlog.h>

#include "api/http/live_exchange.hpp"

namespace gantry::http {
namespace {

namespace wire = boost::beast::http;
using boost::system::error_code;

bool is_unix(connection::socket& from) {
  int family = 0;
  socklen_t size = sizeof family;
  return ::getsockopt(from.native_handle(), SOL_SOCKET, SO_DOMAIN, &family, &size) == 0 && family == AF_UNIX;
}

/// A stream's parts go out at once, not when the client has confirmed the one before. Only TCP knows the option.
void set_no_delay(connection::socket& from) {
  int on = 1;
  (void)::setsockopt(from.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

std::string peer_of(connection::socket& from) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (is_unix(from) && ::getsockopt(from.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0)
    return fmt::format("{}/{}", peer.uid, peer.pid);
  error_code failure;
  auto other = from.remote_endpoint(failure);
  char host[NI_MAXHOST];
  if (failure || ::getnameinfo(other.data(), static_cast<socklen_t>(other.size()), host, sizeof host, nullptr, 0,
                               NI_NUMERICHOST) != 0)
    return "unknown";
  return host;
}

/// The status and the words of a request that could not be read; nothing for a client that has simply gone.
std::optional<response> refusal_of(const site& by, error_code why) {
  if (why == wire::error::end_of_stream || why == asio::error::eof || why == asio::error::connection_reset ||
      why == asio::error::operation_aborted || why == asio::error::broken_pipe || why == boost::beast::error::timeout)
    return std::nullopt; // a time-out has closed the connection, as dockerd's does
  if (why == wire::error::header_limit) return by.refusal(431, "the request's headers are larger than allowed");
  if (why == wire::error::body_limit) return by.refusal(413, "the request's body is larger than allowed");
  return by.refusal(400, "malformed HTTP request: " + why.message());
}

bool asks_for_upgrade(const wire::request<wire::string_body>& message) {
  return wire::token_list(message[wire::field::connection]).exists("upgrade") && !message[wire::field::upgrade].empty();
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
  into.path = target.substr(0, mark);
  if (mark == std::string_view::npos) return {};
  GANTRY_LET(into.parameters, query::parse(target.substr(mark + 1)));
  return {};
}

/// An answer that had begun has no other place for its error. That clients hang up is their own affair.
void log_cut_off(std::string_view door, const request& what, const error& why) {
  auto level =
      why.code == errc::unavailable || why.code == errc::cancelled ? spdlog::level::debug : spdlog::level::warn;
  spdlog::log(level, "{}: {} {} ended early: {}", door, what.method, what.path, why.message);
}

} // namespace

connection::connection(site& serves, const server_options& limits, traffic& counts, socket from)
    : site_(serves), limits_(limits), counts_(counts), stream_(std::move(from)), client_(peer_of(stream_.socket())) {
  set_no_delay(stream_.socket());
}

awaitable<void> connection::run() {
  try {
    while (co_await serve_one()) {
    }
  } catch (const std::exception& e) {
    // Cancelled by the server's end, or out of memory: this connection's end and nothing more.
    spdlog::debug("{}: connection of {} ended: {}", limits_.name, client_, e.what());
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
  auto [failure, got] = co_await wire::async_read_header(stream_, buffer_, parser, as_tuple);
  if (failure) co_return refusal_of(site_, failure);
  const auto& message = parser.get();
  http_minor_ = message.version() >= 11 ? 1 : 0;
  keep_alive_ = message.keep_alive();
  into.method = std::string(message.method_string());
  into.client = client_;
  into.wants_upgrade = asks_for_upgrade(message);
  for (const auto& field : message)
    into.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  if (message.count(wire::field::transfer_encoding) != 0 && !parser.chunked()) {
    // Where such a body ends is not known: what follows the head must not be read as a request (RFC 9112, section 6.3).
    keep_alive_ = false;
    co_return site_.refusal(
        {errc::invalid_argument, "Transfer-Encoding: the body may be chunked, and nothing else", 0});
  }
  if (auto read = read_target({message.target().data(), message.target().size()}, into); !read)
    co_return site_.refusal(read.error());
  co_return std::optional<response>();
}

template<class Parser>
awaitable<std::optional<response>> connection::read_body(Parser& parser, request& into) {
  stream_.expires_after(limits_.body_timeout);
  parser.body_limit(limits_.max_body); // of chunks; a length was said in the head already
  if (parser.content_length().value_or(0) > limits_.max_body)
    co_return refusal_of(site_, make_error_code(wire::error::body_limit));
  if (wire::token_list(parser.get()[wire::field::expect]).exists("100-continue") && !parser.is_done()) {
    static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    co_await asio::async_write(stream_, asio::buffer(go_on), as_tuple);
  }
  auto [failure, got] = co_await wire::async_read(stream_, buffer_, parser, as_tuple);
  if (failure) co_return refusal_of(site_, failure);
  into.body = std::move(parser.get().body());
  co_return std::optional<response>();
}

template<class Parser>
awaitable<bool> connection::answer_streamed(const request& what, const handler& by, Parser& parser) {
  body_reader body(stream_, buffer_, std::move(parser));
  bool goes_on = co_await answer(what, by, &body);
  if (body.at_end()) co_return goes_on;
  co_await body.forget_rest();
  co_return false;
}

awaitable<bool> connection::serve_one() {
  if (!co_await read_first_byte()) co_return false;
  wire::request_parser<wire::string_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(limits_.max_header));
  parser.body_limit(boost::none); // a body that is streamed has none; read_body knows that of the others
  request what;
  auto refused = co_await read_head(parser, what);
  if (!refused && !parser.is_header_done()) co_return false; // nobody is there to be told
  handler by;
  if (!refused) {
    if (auto found = site_.find(what); found)
      by = std::move(*found);
    else
      refused = site_.refusal(found.error());
  }
  if (!refused && what.streams_body) co_return co_await answer_streamed(what, by, parser);
  bool whole = parser.is_done();
  if (!refused) {
    refused = co_await read_body(parser, what);
    whole = parser.is_done();
    if (!refused && !whole) co_return false;
  }
  if (refused) {
    keep_alive_ = keep_alive_ && whole;
    if (!co_await respond(*refused, what.method == "HEAD")) co_return false;
    co_return keep_alive_;
  }
  co_return co_await answer(what, by);
}

awaitable<bool> connection::answer(const request& what, const handler& by, body_reader* body) {
  struct counted {
    traffic& in;
    explicit counted(traffic& t) : in(t) { ++in.requests, in.touch(); }
    ~counted() { --in.requests, in.touch(); }
  } counting(counts_);
  stream_.expires_never();
  live_exchange on(*this, what, body);
  auto got = co_await by(what, on);
  if (body != nullptr && !body->at_end()) keep_alive_ = false;
  if (on.begun()) {
    if (!got) log_cut_off(limits_.name, what, got.error());
    co_return co_await on.finish(got.has_value());
  }
  if (!got) {
    spdlog::debug("{}: {} {}: {}", limits_.name, what.method, what.path, got.error().message);
    auto refused = site_.refusal(got.error());
    co_return co_await respond(refused, what.method == "HEAD");
  }
  co_return co_await respond(*got, what.method == "HEAD");
}

awaitable<bool> connection::respond(const response& what, bool head_only) {
  bool bare = what.status == 204 || what.status == 304;
  // Who errs in a request may have another mind about where it ends: nothing after it is answered.
  if (what.status == 400) keep_alive_ = false;
  auto text = render_head(what, site_.headers(), bare ? framing::none : framing::length, keep_alive_, http_minor_);
  if (!head_only && !bare) text += what.body;
  stream_.expires_after(limits_.response_timeout);
  auto [failure, sent] = co_await asio::async_write(stream_, asio::buffer(text), as_tuple);
  co_return !failure && keep_alive_;
}

} // namespace gantry::http
