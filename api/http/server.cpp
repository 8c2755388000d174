#include "api/http/server.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <list>
#include <thread>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <spdlog/spdlog.h>

#include "api/http/connection.hpp"
#include "api/http/crowd.hpp"
#include "api/http/listening_socket.hpp"
#include "runtime/sys/thread_name.hpp"

namespace gantry::http {
namespace {

using acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol>;

/// What a client gets that is one too many. Not waited for: it has 1 KiB of socket buffer to go into.
void turn_away(const site& by, connection::socket& client) {
  auto told = by.refusal(503, "too many connections; try again later");
  told.headers.emplace_back("Retry-After", "1");
  auto text = render_head(told, by.headers(), framing::length, false, 1) + told.body;
  (void)::send(client.native_handle(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

} // namespace

struct server::inner {
  server_options options;
  std::shared_ptr<loop> home = std::make_shared<loop>();
  asio::thread_pool disk;
  std::unique_ptr<site> serves;
  traffic counts;
  std::list<acceptor> acceptors;
  crowd<connection> connections{home->io};
  std::vector<address> listening;
  std::vector<std::pair<std::string, struct stat>> bound;
  std::thread thread;
  bool stopping = false; ///< the thread's own
  bool drained = false;  ///< every connection has ended; read when the thread is over

  inner(caf::actor_system& system, server_options o, const make_site& make)
      : options(std::move(o)), disk(options.disk_threads), serves(make(workplace{system, home, disk})) {
    counts.touch();
  }

  result<void> listen();
  result<void> listen_on_socket(const address& where);
  result<void> add_acceptor(sys::unique_fd listener, int family);
  void remove_sockets() const;
  void admit(connection::socket client);
  void begin_stop();
  void run();
};

result<void> server::inner::add_acceptor(sys::unique_fd listener, int family) {
  auto& added = acceptors.emplace_back(home->io);
  boost::system::error_code failure;
  added.assign(asio::generic::stream_protocol(family, 0), listener.get(), failure);
  if (failure) return fail(errc::internal, "listen: {}", failure.message());
  (void)listener.release();
  return {};
}

result<void> server::inner::listen_on_socket(const address& where) {
  GANTRY_LET(auto listener, listen_on_path(where.path, options.mode, options.group));
  struct stat status {};
  if (::stat(where.path.c_str(), &status) == 0) bound.emplace_back(where.path, status);
  listening.push_back(where);
  return add_acceptor(std::move(listener), AF_UNIX);
}

result<void> server::inner::listen() {
  for (const auto& where : options.listen) {
    if (!where.path.empty()) {
      GANTRY_TRY(listen_on_socket(where));
      continue;
    }
    GANTRY_LET(auto listeners, listen_on_port(where));
    for (auto& listener : listeners) {
      GANTRY_LET(auto at, local_address(listener));
      GANTRY_TRY(add_acceptor(std::move(listener), at.host.find(':') == std::string::npos ? AF_INET : AF_INET6));
      listening.push_back(std::move(at));
    }
  }
  return {};
}

void server::inner::remove_sockets() const {
  for (const auto& [path, ours] : bound) {
    struct stat now {};
    // A successor may have put its own socket there.
    if (::stat(path.c_str(), &now) == 0 && now.st_ino == ours.st_ino && now.st_dev == ours.st_dev)
      ::unlink(path.c_str());
  }
}

void server::inner::admit(connection::socket client) {
  if (stopping) return;
  if (connections.size() >= options.max_connections) return turn_away(*serves, client);
  connections.admit(*serves, options, counts, std::move(client));
}

void server::inner::begin_stop() {
  stopping = true;
  boost::system::error_code ignored;
  for (auto& one : acceptors) one.close(ignored);
  connections.cancel();
}

void server::inner::run() {
  auto work = asio::make_work_guard(home->io);
  while (!stopping) home->io.run_one();
  work.reset();
  drained = connections.unwind();
}

server::server(std::unique_ptr<inner> made) : inner_(std::move(made)), listening_(inner_->listening) {}

result<std::unique_ptr<server>> server::start(caf::actor_system& system, server_options options,
                                              const make_site& make) {
  auto made = std::make_unique<inner>(system, std::move(options), make);
  if (auto listens = made->listen(); !listens) {
    made->remove_sockets(); // of those that were bound before the one that failed
    return tl::unexpected<error>(std::move(listens.error()));
  }
  for (auto& one : made->acceptors) {
    auto admit = [inner = made.get()](connection::socket client) { inner->admit(std::move(client)); };
    asio::co_spawn(made->home->io, accept_clients(one, made->options.name, std::move(admit)), asio::detached);
  }
  made->thread = std::thread([inner = made.get()] {
    sys::name_thread((inner->options.name + " door").c_str());
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
  inner_->remove_sockets();
  if (inner_->drained) return;
  // A coroutine that did not unwind refers to it: lost memory at the end of a process is the lesser harm.
  (void)inner_.release();
}

server::~server() { stop(); }

server_activity server::activity() const {
  using clock = std::chrono::steady_clock;
  if (!inner_) return {};
  return {inner_->counts.requests, clock::time_point(clock::duration(inner_->counts.last_request.load()))};
}

} // namespace gantry::http
