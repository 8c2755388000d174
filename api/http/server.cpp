#include "api/docker/server.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <list>
#include <thread>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <spdlog/spdlog.h>

#include "api/docker/connection.hpp"
#include "api/docker/listening_socket.hpp"
#include "runtime/sys/thread_name.hpp"

namespace gantry::docker {
namespace {

using acceptor = asio::local::stream_protocol::acceptor;
constexpr std::chrono::seconds longest_unwinding{10};

/// What a client gets that is one too many. Not waited for: it has 1 KiB of socket buffer to go into.
void turn_away(connection::socket& client) {
  static constexpr std::string_view text =
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\nConnection: close\r\n"
      "Content-Length: 52\r\n\r\n{\"message\":\"too many connections; try again later\"}\n";
  (void)::send(client.native_handle(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

template<class Reply, class Request>
result<Reply> ask_blocking(caf::actor_system& system, const engine_actor& engine, Request what) {
  caf::scoped_actor self{system};
  result<Reply> got = fail(errc::internal, "no answer");
  request_within(self, engine, deadline::inner, std::move(what))
      .receive([&](Reply& reply) { got = std::move(reply); },
               [&](caf::error& why) { got = tl::unexpected<error>(from_caf(why)); });
  return got;
}

} // namespace

struct server::inner {
  server_options options;
  std::shared_ptr<loop> home = std::make_shared<loop>();
  asio::thread_pool disk;
  context door;
  traffic counts;
  std::list<acceptor> acceptors;
  std::list<connection> connections;
  std::vector<std::pair<std::string, struct stat>> bound;
  std::thread thread;
  bool stopping = false; ///< the thread's own
  bool drained = false;  ///< every connection has ended; read when the thread is over

  inner(caf::actor_system& system, engine_actor engine, engine_actors actors, engine_info facts, server_options o)
      : options(std::move(o)),
        disk(options.disk_threads), door{system, std::move(engine), std::move(actors), std::move(facts), home, disk} {
    counts.touch();
  }

  result<void> listen();
  awaitable<void> accept(acceptor& on);
  void admit(connection::socket client);
  void begin_stop();
  void run();
};

result<void> server::inner::listen() {
  for (const auto& path : options.sockets) {
    GANTRY_LET(auto fd, listen_on(path, options.mode, options.group));
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) bound.emplace_back(path, status);
    auto& added = acceptors.emplace_back(home->io);
    boost::system::error_code failure;
    added.assign(asio::local::stream_protocol(), fd.get(), failure);
    if (failure) return fail(errc::internal, "listen on {}: {}", path, failure.message());
    (void)fd.release();
  }
  return {};
}

awaitable<void> server::inner::accept(acceptor& on) {
  while (on.is_open()) {
    auto [failure, client] = co_await on.async_accept(as_tuple);
    if (!failure) {
      admit(std::move(client));
      continue;
    }
    if (failure == asio::error::operation_aborted) co_return;
    // Out of descriptors, for example: those who wait stay in the backlog.
    spdlog::warn("docker: accept: {}", failure.message());
    asio::steady_timer pause(home->io, std::chrono::milliseconds(100));
    co_await pause.async_wait(as_tuple);
  }
}

void server::inner::admit(connection::socket client) {
  if (stopping) return;
  if (connections.size() >= options.max_connections) return turn_away(client);
  auto added = connections.emplace(connections.end(), door, options, counts, std::move(client));
  asio::co_spawn(home->io, added->run(),
                 asio::bind_cancellation_slot(added->cancellation().slot(), [this, added](std::exception_ptr) {
                   // Not here: the coroutine's own frame may still refer to the connection.
                   asio::post(home->io, [this, added] { connections.erase(added); });
                 }));
}

void server::inner::begin_stop() {
  stopping = true;
  boost::system::error_code ignored;
  for (auto& one : acceptors) one.close(ignored);
  for (auto& one : connections) one.cancellation().emit(asio::cancellation_type::terminal);
}

void server::inner::run() {
  auto work = asio::make_work_guard(home->io);
  while (!stopping) home->io.run_one();
  work.reset();
  // Cancelled coroutines unwind now.
  auto until = std::chrono::steady_clock::now() + longest_unwinding;
  while (!connections.empty() && std::chrono::steady_clock::now() < until) {
    home->io.restart();
    home->io.run_one_for(std::chrono::milliseconds(20));
  }
  drained = connections.empty();
}

server::server(std::unique_ptr<inner> made) : inner_(std::move(made)) {}

result<std::unique_ptr<server>> server::start(caf::actor_system& system, engine_actor engine, server_options options) {
  GANTRY_LET(auto actors, ask_blocking<engine_actors>(system, engine, ask_actors{}));
  GANTRY_LET(auto facts, ask_blocking<engine_info>(system, engine, ask_engine_info{}));
  auto made =
      std::make_unique<inner>(system, std::move(engine), std::move(actors), std::move(facts), std::move(options));
  GANTRY_TRY(made->listen());
  for (auto& one : made->acceptors) asio::co_spawn(made->home->io, made->accept(one), asio::detached);
  made->thread = std::thread([inner = made.get()] {
    sys::name_thread("docker door");
    inner->run();
  });
  return std::unique_ptr<server>(new server(std::move(made)));
}

void server::stop() {
  if (!inner_ || !inner_->thread.joinable()) return;
  inner_->home->post([inner = inner_.get()] { inner->begin_stop(); });
  inner_->thread.join();
  inner_->disk.join();
  inner_->home->close();
  for (const auto& [path, ours] : inner_->bound) {
    struct stat now {};
    // A successor may have put its own socket there.
    if (::stat(path.c_str(), &now) == 0 && now.st_ino == ours.st_ino && now.st_dev == ours.st_dev)
      ::unlink(path.c_str());
  }
  if (inner_->drained) return;
  // A coroutine that did not unwind refers to it: lost memory at the end of a process is the lesser harm.
  spdlog::error("docker: {} connections did not end within {} s", inner_->connections.size(),
                longest_unwinding.count());
  (void)inner_.release();
}

server::~server() { stop(); }

server_activity server::activity() const {
  using clock = std::chrono::steady_clock;
  if (!inner_) return {};
  return {inner_->counts.requests, clock::time_point(clock::duration(inner_->counts.last_request.load()))};
}

} // namespace gantry::docker
