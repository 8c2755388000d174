#include "api/cri/streaming/connection.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include "api/cri/streaming/port_forward.hpp"
#include "api/cri/streaming/remotecommand.hpp"
#include "api/cri/streaming/spdy_client.hpp"
#include "api/cri/streaming/websocket_client.hpp"
#include "api/http/websocket.hpp"

namespace gantry::cri {
namespace {

using namespace asio::experimental::awaitable_operators;
namespace beast = boost::beast;
namespace wire = boost::beast::http;

constexpr std::uint32_t max_head = 16u << 10;
constexpr auto version_header = "X-Stream-Protocol-Version";
constexpr auto accepted_header = "X-Accepted-Stream-Protocol-Versions";

std::string_view text_of(beast::string_view text) { return {text.data(), text.size()}; }

bool wants_spdy(const wire::request<wire::empty_body>& request) {
  for (const auto& word : list_of(text_of(request[wire::field::upgrade])))
    if (beast::iequals(word, "SPDY/3.1")) return wire::token_list(request[wire::field::connection]).exists("upgrade");
  return false;
}

/// A header may stand several times, each with a list.
std::vector<std::string> offered(const wire::request<wire::empty_body>& request, beast::string_view name) {
  std::vector<std::string> found;
  auto [first, last] = request.equal_range(name);
  for (auto one = first; one != last; ++one)
    for (auto& entry : list_of(text_of(one->value()))) found.push_back(std::move(entry));
  return found;
}

bool contains(const std::vector<std::string>& all, std::string_view one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

} // namespace

connection::connection(std::shared_ptr<loop> home, backend& engine, token_table& tokens, const stream_limits& limits,
                       client_stream from)
    : home_(std::move(home)), engine_(engine), tokens_(tokens), limits_(limits), socket_(std::move(from)) {
  boost::system::error_code ignored;
  socket_.next_layer().set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.next_layer().set_option(asio::socket_base::keep_alive(true), ignored);
}

awaitable<void> connection::run() {
  auto request = co_await read_head();
  if (!request) co_return;
  if (request->method() != wire::verb::get && request->method() != wire::verb::post) {
    co_await refuse(wire::status::method_not_allowed, "streams are opened by GET or POST");
    co_return;
  }
  auto what = redeem(*request);
  if (!what) {
    co_await refuse(wire::status::not_found, "no stream waits here: its token is unknown, was used, or is too old");
    co_return;
  }
  co_await upgrade(std::move(*request), std::move(*what));
}

awaitable<std::optional<connection::head>> connection::read_head() {
  wire::request_parser<wire::empty_body> parser;
  parser.header_limit(max_head);
  asio::steady_timer limit(home_->io, limits_.header_timeout);
  auto read = [&]() -> awaitable<bool> {
    auto agreed = co_await socket_.handshake();
    if (!agreed) co_return false;
    auto [failure, got] = co_await wire::async_read_header(socket_, buffer_, parser, as_tuple);
    co_return !failure;
  };
  auto outcome = co_await (read() || limit.async_wait(asio::use_awaitable));
  if (outcome.index() != 0 || !std::get<0>(outcome)) co_return std::nullopt;
  // The bytes of a body would be taken for the stream's.
  auto length = parser.content_length();
  if (parser.chunked() || (length && *length > 0)) {
    co_await refuse(wire::status::bad_request, "a request for a stream has no body");
    co_return std::nullopt;
  }
  co_return parser.release();
}

std::optional<stream_request> connection::redeem(const head& request) {
  auto path = text_of(request.target());
  path = path.substr(0, path.find('?'));
  if (path.empty() || path.front() != '/') return std::nullopt;
  path.remove_prefix(1);
  auto slash = path.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  auto what = tokens_.redeem(path.substr(slash + 1), token_table::clock::now());
  if (!what || verb_of(*what) != path.substr(0, slash)) return std::nullopt;
  return what;
}

awaitable<void> connection::upgrade(head request, stream_request what) {
  if (beast::websocket::is_upgrade(request))
    co_await upgrade_websocket(std::move(request), std::move(what));
  else if (wants_spdy(request))
    co_await upgrade_spdy(std::move(request), std::move(what));
  else
    co_await refuse(wire::status::bad_request, "a stream is an upgrade to SPDY/3.1 or to websocket");
}

// -- SPDY ----------------------------------------------------------------------------------------------------------

awaitable<void> connection::upgrade_spdy(head request, stream_request what) {
  auto names = offered(request, version_header);
  auto forwards = std::holds_alternative<port_forward_request>(what);
  auto protocol = forwards ? std::nullopt : choose_remotecommand(names);
  if (names.empty()) {
    co_await refuse(wire::status::bad_request, fmt::format("the header {} is missing", version_header));
    co_return;
  }
  if (forwards ? !contains(names, port_forward_protocol) : !protocol) {
    auto ours = forwards ? std::vector<std::string_view>{port_forward_protocol} : remotecommand_protocols();
    co_await refuse(wire::status::forbidden, "none of the protocols that are offered is spoken here", ours);
    co_return;
  }
  auto reply =
      fmt::format("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n{}: {}\r\n\r\n",
                  version_header, forwards ? port_forward_protocol : protocol->name);
  auto early = beast::buffers_to_string(buffer_.data());
  socket_transport client(std::move(socket_), std::move(early));
  auto greeted = co_await client.write(reply);
  if (greeted) co_await stream_spdy(client, std::move(what), protocol);
}

awaitable<void> connection::stream_spdy(transport& client, stream_request what,
                                        std::optional<remotecommand_protocol> protocol) {
  outbox to(home_->io, client);
  co_await (run_spdy(client, to, std::move(what), protocol) || to.run() || watch(client));
  // SPDY needs no word of farewell, TLS does: else the client takes it for a connection that was cut.
  asio::steady_timer limit(home_->io, limits_.goodbye_timeout);
  co_await (client.end() || limit.async_wait(asio::use_awaitable));
}

awaitable<void> connection::run_spdy(transport& client, outbox& to, stream_request what,
                                     std::optional<remotecommand_protocol> protocol) {
  if (auto* forward = std::get_if<port_forward_request>(&what)) {
    port_forward session(home_, engine_, limits_, std::move(*forward), client, to);
    co_await session.run();
    co_return;
  }
  spdy_client streams(client, to);
  const auto* exec = std::get_if<exec_request>(&what);
  auto wanted = exec != nullptr ? exec->streams : std::get<attach_request>(what).streams;
  asio::steady_timer limit(home_->io, limits_.open_timeout);
  auto resizes = protocol->name != "v2.channel.k8s.io" && protocol->name != "channel.k8s.io";
  auto outcome = co_await (streams.open(wanted, resizes) || limit.async_wait(asio::use_awaitable));
  if (outcome.index() != 0 || !std::get<0>(outcome)) co_return;
  remotecommand session(home_, engine_, limits_, std::move(what), protocol->status, streams);
  co_await session.run();
}

// -- WebSocket -----------------------------------------------------------------------------------------------------

awaitable<void> connection::upgrade_websocket(head request, stream_request what) {
  auto names = offered(request, "Sec-WebSocket-Protocol");
  if (std::holds_alternative<port_forward_request>(what)) {
    if (!contains(names, tunnel_protocol)) {
      co_await refuse(wire::status::forbidden, "over websocket, ports are forwarded by SPDY/3.1+portforward.k8s.io");
      co_return;
    }
    auto client = co_await accept_websocket(request, tunnel_protocol);
    if (client) co_await stream_spdy(*client, std::move(what), std::nullopt);
    co_return;
  }
  auto protocol = choose_remotecommand(names);
  if (!protocol) {
    co_await refuse(wire::status::forbidden, "none of the protocols that are offered is spoken here");
    co_return;
  }
  auto client = co_await accept_websocket(request, protocol->name);
  if (client) co_await stream_channels(*client, std::move(what), *protocol);
}

awaitable<std::unique_ptr<transport>> connection::accept_websocket(const head& request, std::string_view protocol) {
  auto made = std::make_unique<websocket_transport::stream>(std::move(socket_));
  // A client that we do not read is not idle: `watch` judges that.
  http::prepare_websocket(*made, max_message, limits_.goodbye_timeout, std::string(protocol));
  auto [failure] = co_await made->async_accept(request, as_tuple);
  if (failure) co_return nullptr;
  co_return std::make_unique<websocket_transport>(std::move(made));
}

awaitable<void> connection::stream_channels(transport& client, stream_request what, remotecommand_protocol protocol) {
  outbox to(home_->io, client);
  co_await (run_channels(client, to, std::move(what), protocol) || to.run() || watch(client));
}

awaitable<void> connection::run_channels(transport& client, outbox& to, stream_request what,
                                         remotecommand_protocol protocol) {
  websocket_client channels(client, to, protocol);
  // Clients wait for a first message, an empty one, to know that the other end is there.
  const auto* exec = std::get_if<exec_request>(&what);
  auto wanted = exec != nullptr ? exec->streams : std::get<attach_request>(what).streams;
  auto first = wanted.out ? channel::out : wanted.err ? channel::err : channel::status;
  co_await channels.write(first, {});
  remotecommand session(home_, engine_, limits_, std::move(what), protocol.status, channels);
  co_await session.run();
}

// -- both ----------------------------------------------------------------------------------------------------------

awaitable<void> connection::watch(transport& client) {
  asio::steady_timer tick(home_->io);
  for (int hung_up = 0; hung_up < 2;) {
    tick.expires_after(std::chrono::seconds(1));
    co_await tick.async_wait(as_tuple);
    // Twice: a reader that is there takes first what the client has left behind.
    hung_up = client.hung_up() ? hung_up + 1 : 0;
    if (std::chrono::steady_clock::now() - client.last_use() > limits_.idle_timeout) co_return;
  }
}

awaitable<void> connection::refuse(wire::status status, std::string text,
                                   const std::vector<std::string_view>& accepted) {
  wire::response<wire::string_body> reply(status, 11, std::move(text));
  reply.set(wire::field::content_type, "text/plain; charset=utf-8");
  reply.set(wire::field::connection, "close");
  if (status == wire::status::method_not_allowed) reply.set(wire::field::allow, "GET, POST");
  for (auto name : accepted) reply.insert(accepted_header, beast::string_view(name.data(), name.size()));
  reply.body() += '\n';
  reply.prepare_payload();
  asio::steady_timer limit(home_->io, limits_.header_timeout);
  auto write = [&]() -> awaitable<void> {
    co_await wire::async_write(socket_, reply, as_tuple);
    co_await socket_.end();
  };
  co_await (write() || limit.async_wait(asio::use_awaitable));
}

} // namespace gantry::cri
