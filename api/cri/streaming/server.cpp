#include "api/cri/streaming/server.hpp"

#include <sys/socket.h>

#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <spdlog/spdlog.h>

#include "api/cri/streaming/connection.hpp"
#include "api/cri/streaming/tls.hpp"
#include "api/http/crowd.hpp"
#include "messages/domain/quote.hpp"
#include "runtime/sys/thread_name.hpp"

namespace gantry::cri {
namespace {

using asio::ip::tcp;
using boost::system::error_code;

/// What a client gets that is one too many. Not waited for: it has a socket buffer to go into. Over TLS it would have
/// to be, so there the connection just ends.
void turn_away(tcp::socket& client, bool over_tls) {
  if (over_tls) return;
  static constexpr std::string_view text =
      "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
  (void)::send(client.native_handle(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

} // namespace

struct streaming_server::inner {
  inner(std::shared_ptr<backend> b, streaming_options o)
      : engine(std::move(b)), options(std::move(o)), tokens(options.max_tokens, options.token_lifetime),
        acceptor(home->io) {}

  std::shared_ptr<backend> engine;
  streaming_options options;
  token_table tokens;
  std::shared_ptr<loop> home = std::make_shared<loop>();
  std::optional<asio::ssl::context> tls;
  tcp::acceptor acceptor;
  http::crowd<connection> connections{home->io};
  std::string base_url;
  std::thread thread;
  bool stopping = false; ///< the thread's own
  bool drained = false;  ///< every connection has ended; read when the thread is over

  result<void> take_certificate();
  result<void> listen();
  void admit(tcp::socket client);
  void begin_stop();
  void run();
};

result<void> streaming_server::inner::take_certificate() {
  if (options.certificate.empty() && options.key.empty()) return {};
  GANTRY_LET(tls, load_tls(options.certificate, options.key));
  return {};
}

result<void> streaming_server::inner::listen() {
  error_code failure;
  auto address = asio::ip::make_address(options.address, failure);
  if (failure || address.is_unspecified())
    return fail(errc::invalid_argument, "{} is no IP address that clients can be sent to", quote(options.address));
  tcp::endpoint where(address, options.port);
  acceptor.open(where.protocol(), failure);
  if (!failure) acceptor.set_option(asio::socket_base::reuse_address(true), failure);
  if (!failure) acceptor.bind(where, failure);
  if (!failure) acceptor.listen(asio::socket_base::max_listen_connections, failure);
  if (failure) return fail_errno(failure.value(), "listen on {} port {}", options.address, options.port);
  auto bound = acceptor.local_endpoint(failure);
  if (failure) return fail_errno(failure.value(), "listen on {} port {}", options.address, options.port);
  auto host = address.is_v6() ? "[" + options.address + "]" : options.address;
  base_url = fmt::format("{}://{}:{}", tls ? "https" : "http", host, bound.port());
  return {};
}

void streaming_server::inner::admit(tcp::socket client) {
  if (stopping) return;
  if (connections.size() >= options.max_connections) return turn_away(client, tls.has_value());
  connections.admit(home, *engine, tokens, options.limits, client_stream(std::move(client), tls ? &*tls : nullptr));
}

void streaming_server::inner::begin_stop() {
  stopping = true;
  error_code ignored;
  acceptor.close(ignored);
  connections.cancel();
}

void streaming_server::inner::run() {
  auto work = asio::make_work_guard(home->io);
  while (!stopping) home->io.run_one();
  work.reset();
  drained = connections.unwind();
}

streaming_server::streaming_server(std::unique_ptr<inner> made) : inner_(std::move(made)) {}

result<std::unique_ptr<streaming_server>> streaming_server::start(std::shared_ptr<backend> engine,
                                                                  streaming_options options) {
  auto made = std::make_unique<inner>(std::move(engine), std::move(options));
  GANTRY_TRY(made->take_certificate());
  GANTRY_TRY(made->listen());
  auto admit = [inner = made.get()](tcp::socket client) { inner->admit(std::move(client)); };
  asio::co_spawn(made->home->io, http::accept_clients(made->acceptor, "cri streams", std::move(admit)), asio::detached);
  made->thread = std::thread([inner = made.get()] {
    sys::name_thread("cri streams");
    inner->run();
  });
  return std::unique_ptr<streaming_server>(new streaming_server(std::move(made)));
}

result<std::string> streaming_server::url_for(stream_request what) {
  GANTRY_TRY(validate(what));
  auto verb = verb_of(what);
  GANTRY_LET(auto token, inner_->tokens.issue(std::move(what), token_table::clock::now()));
  return fmt::format("{}/{}/{}", inner_->base_url, verb, token);
}

void streaming_server::stop() {
  if (!inner_ || !inner_->thread.joinable()) return;
  inner_->home->post([inner = inner_.get()] { inner->begin_stop(); });
  inner_->thread.join();
  inner_->home->close();
  if (inner_->drained) return;
  // A coroutine that did not unwind refers to it: lost memory at the end of a process is the lesser harm.
  (void)inner_.release();
}

streaming_server::~streaming_server() { stop(); }

} // namespace gantry::cri
