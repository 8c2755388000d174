#include "runtime/monitor/control_server.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "runtime/monitor/fifo.hpp"

namespace gantry::monitor {

result<std::unique_ptr<control_server>> control_server::listen(event_loop& loop, const std::string& folder,
                                                               const std::string& name, handler on_request) {
  std::unique_ptr<control_server> made(new control_server(loop, std::move(on_request)));
  ::unlink((folder + "/" + name).c_str()); // a dead monitor's: the lock of the index is ours
  GANTRY_LET(made->socket_, listen_below(folder, name));
  auto* self = made.get();
  GANTRY_LET(made->watch_, loop.add(made->socket_.get(), EPOLLIN, [self](std::uint32_t) { self->accept_engine(); }));
  return made;
}

void control_server::accept_engine() {
  sys::unique_fd socket(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket) return;
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != ::geteuid()) return;
  drop();
  engine_ = std::make_shared<connection>();
  engine_->socket = std::move(socket);
  auto watch = loop_.add(engine_->socket.get(), EPOLLIN, [this](std::uint32_t events) { on_event(events); });
  if (!watch) return drop();
  engine_->watch = std::move(*watch);
  send(0, greeting{protocol_version, ::getpid()});
}

void control_server::on_event(std::uint32_t events) {
  if ((events & EPOLLOUT) != 0) flush();
  if (engine_ && (events & EPOLLIN) != 0) return read_requests();
  if (engine_ && (events & (EPOLLHUP | EPOLLERR)) != 0) drop();
}

void control_server::read_requests() {
  static thread_local std::array<char, 256u << 10> bytes;
  auto from = engine_;
  auto got = ::recv(from->socket.get(), bytes.data(), bytes.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return drop();
  from->in.add({bytes.data(), static_cast<std::size_t>(got)});
  while (engine_ == from) {
    auto next = from->in.next();
    if (!next) return drop();
    if (!*next) return;
    serve(std::move(**next));
  }
}

void control_server::serve(frame_of_message frame) {
  auto* what = std::get_if<request>(&frame.what);
  if (what == nullptr) return drop();
  auto respond = [this, id = frame.id, to = std::weak_ptr(engine_)](result<reply> answer) {
    if (to.lock() != engine_ || !engine_) return; // asked by an engine that is gone
    if (answer)
      send(id, *answer);
    else
      send(id, answer.error());
  };
  on_request_(std::move(*what), std::move(respond));
}

void control_server::announce(const process_exited& what) { send(0, what); }

void control_server::send(std::uint64_t id, const message& what) {
  if (!engine_) return;
  auto frame = encode(id, what);
  if (!frame) frame = encode(id, frame.error());
  engine_->out += *frame;
  flush();
}

void control_server::flush() {
  auto to = engine_;
  while (to->sent < to->out.size()) {
    auto put = ::send(to->socket.get(), to->out.data() + to->sent, to->out.size() - to->sent, MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno != EAGAIN) return drop();
    if (put < 0) break;
    to->sent += static_cast<std::size_t>(put);
  }
  if (to->sent == to->out.size()) {
    std::string().swap(to->out);
    to->sent = 0;
    if (flushed_) std::exchange(flushed_, nullptr)();
  } else if (to->sent > max_unsent / 64) {
    to->out.erase(0, to->sent);
    to->sent = 0;
  }
  if (to->out.size() - to->sent > max_unsent) return drop();
  to->watch.set(to->out.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT);
}

void control_server::when_flushed(std::function<void()> flushed) {
  if (!engine_ || engine_->out.empty()) return flushed();
  flushed_ = std::move(flushed);
}

void control_server::drop() {
  if (!engine_) return;
  engine_->watch.reset();
  engine_->socket.reset();
  engine_.reset();
  if (flushed_) std::exchange(flushed_, nullptr)();
}

} // namespace gantry::monitor
