#include "api/cri/server.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <list>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <grpcpp/alarm.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <spdlog/spdlog.h>

#include "api/cri/engine_streams.hpp"
#include "api/cri/service.hpp"
#include "api/cri/streaming/server.hpp"
#include "api/door/ask_blocking.hpp"
#include "api/http/listening_socket.hpp"
#include "runtime/sys/thread_name.hpp"

namespace gantry::cri {
namespace {

constexpr std::chrono::seconds longest_call_after_stop{1}, longest_unwinding{10};

} // namespace

struct server::inner {
  server_options options;
  std::shared_ptr<loop> home = std::make_shared<loop>();
  asio::thread_pool disk;
  context door;
  traffic counts;
  desk calls{door, counts};
  std::unique_ptr<services> offered = services::make();
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> connections;
  std::unique_ptr<streaming_server> streams;
  std::unique_ptr<grpc::Server> core; ///< ends before what it serves
  std::list<asio::posix::stream_descriptor> listening;
  std::vector<std::pair<std::string, struct stat>> bound;
  std::thread thread, queue_thread;

  inner(caf::actor_system& system, engine_actor engine, engine_actors actors, engine_info facts, server_options o)
      : options(std::move(o)), disk(options.disk_threads), door{{system, home, disk},
                                                                std::move(engine),
                                                                std::move(actors),
                                                                std::move(facts),
                                                                nullptr},
        counts(options.max_calls) {}

  result<void> listen();
  result<void> serve_streams();
  result<void> serve();
  awaitable<void> accept(asio::posix::stream_descriptor& on);
  bool hand_over(int listener);
  void run();
  void run_queue();
  void close_queue();
};

/// The sockets are ours and not gRPC's: it would take the socket of another daemon that listens, and open it to all for
/// a moment.
result<void> server::inner::listen() {
  for (const auto& path : options.sockets) {
    GANTRY_LET(auto fd, http::listen_on_path(path, options.mode, options.group));
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) bound.emplace_back(path, status);
    listening.emplace_back(home->io, fd.release());
  }
  return {};
}

result<void> server::inner::serve_streams() {
  streaming_options how;
  how.address = options.stream_address;
  how.port = options.stream_port;
  how.certificate = options.stream_certificate;
  how.key = options.stream_key;
  GANTRY_LET(streams, streaming_server::start(make_engine_streams(door), std::move(how)));
  door.streams = streams.get();
  return {};
}

result<void> server::inner::serve() {
  grpc::ServerBuilder builder;
  auto most = static_cast<int>(options.max_message);
  builder.SetMaxReceiveMessageSize(most);
  builder.SetMaxSendMessageSize(-1); // both outputs of ExecSync may be as large as the CRI allows
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, static_cast<int>(options.max_calls));
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0); // pings that measure a network, which a local socket is not
  offered->add_to(builder);
  calls.queue = builder.AddCompletionQueue();
  using kind = grpc::ServerBuilder::experimental_type::ExternalConnectionType;
  connections = builder.experimental().AddExternalConnectionAcceptor(kind::FROM_FD, grpc::InsecureServerCredentials());
  core = builder.BuildAndStart();
  if (!core) return fail(errc::internal, "gRPC did not start: its own log says why");
  offered->expect_calls(calls);
  return {};
}

/// Gives gRPC one connection that waits. False when there is none to be had now.
bool server::inner::hand_over(int listener) {
  auto fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) {
    if (errno != EAGAIN && errno != ECONNABORTED) spdlog::warn("cri: accept: {}", ::strerror(errno));
    return false;
  }
  grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters made;
  made.listener_fd = listener;
  made.fd = fd;
  connections->HandleNewConnection(&made);
  return true;
}

awaitable<void> server::inner::accept(asio::posix::stream_descriptor& on) {
  for (;;) {
    auto [failure] = co_await on.async_wait(asio::posix::stream_descriptor::wait_read, as_tuple);
    if (failure) co_return;
    if (hand_over(on.native_handle())) continue;
    // Out of descriptors, for example: those who wait stay in the backlog.
    asio::steady_timer pause(home->io, std::chrono::milliseconds(100));
    co_await pause.async_wait(as_tuple);
  }
}

/// Until `stop` has ended gRPC, and then until the coroutines of its calls have unwound.
void server::inner::run() {
  auto work = asio::make_work_guard(home->io);
  home->io.run();
  auto until = std::chrono::steady_clock::now() + longest_unwinding;
  while (counts.calls != 0 && std::chrono::steady_clock::now() < until) {
    home->io.restart();
    home->io.run_one_for(std::chrono::milliseconds(20));
  }
}

/// gRPC moves bytes on this thread alone, as long as nobody else waits for what comes from its queues: a second thread
/// would be woken for each call, only to wait in the place of the first.
void server::inner::run_queue() {
  void* what = nullptr;
  bool ok = false;
  while (calls.queue->Next(&what, &ok)) {
    auto then = static_cast<occurrence*>(what)->then; // which may end with its call, there
    then(ok);
  }
}

/// After gRPC has ended: what it has put into the queue comes out before this does.
void server::inner::close_queue() {
  occurrence last{[this](bool) {
    calls.closed = true;
    calls.queue->Shutdown();
  }};
  grpc::Alarm in_turn;
  in_turn.Set(calls.queue.get(), std::chrono::system_clock::now(), &last);
  queue_thread.join();
}

server::server(std::unique_ptr<inner> made) : inner_(std::move(made)) {}

result<std::unique_ptr<server>> server::start(caf::actor_system& system, engine_actor engine, server_options options) {
  GANTRY_LET(auto actors, door::ask_blocking<engine_actors>(system, engine, ask_actors{}));
  GANTRY_LET(auto facts, door::ask_blocking<engine_info>(system, engine, ask_engine_info{}));
  auto made =
      std::make_unique<inner>(system, std::move(engine), std::move(actors), std::move(facts), std::move(options));
  GANTRY_TRY(made->listen());
  GANTRY_TRY(made->serve_streams());
  GANTRY_TRY(made->serve());
  for (auto& one : made->listening) asio::co_spawn(made->home->io, made->accept(one), asio::detached);
  made->thread = std::thread([inner = made.get()] {
    sys::name_thread("cri door");
    inner->run();
  });
  made->queue_thread = std::thread([inner = made.get()] {
    sys::name_thread("cri calls");
    inner->run_queue();
  });
  return std::unique_ptr<server>(new server(std::move(made)));
}

void server::stop() {
  if (!inner_ || !inner_->thread.joinable()) return;
  inner_->home->post([inner = inner_.get()] {
    boost::system::error_code ignored;
    for (auto& one : inner->listening) one.close(ignored);
  });
  inner_->calls.closing = true;
  // Calls that do not end by themselves are cancelled, for which the door's thread must still run.
  inner_->core->Shutdown(std::chrono::system_clock::now() + longest_call_after_stop);
  inner_->streams->stop();
  inner_->home->io.stop();
  inner_->thread.join();
  inner_->close_queue();
  inner_->disk.join();
  inner_->home->close();
  for (const auto& [path, ours] : inner_->bound) {
    struct stat now {};
    // A successor may have put its own socket there.
    if (::stat(path.c_str(), &now) == 0 && now.st_ino == ours.st_ino && now.st_dev == ours.st_dev)
      ::unlink(path.c_str());
  }
}

server::~server() { stop(); }

server_activity server::activity() const {
  using clock = std::chrono::steady_clock;
  if (!inner_) return {};
  return {inner_->counts.calls, clock::time_point(clock::duration(inner_->counts.last_call.load()))};
}

} // namespace gantry::cri
