#include "runtime/monitor/stream_server.hpp"

#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "runtime/monitor/fifo.hpp"

namespace gantry::monitor {
namespace {

constexpr std::size_t token_bytes = 32;

result<std::string> random_token() {
  std::array<unsigned char, token_bytes / 2> random{};
  if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size()))
    return fail_errno(errno, "getrandom");
  std::string token;
  for (unsigned char byte : random) token += fmt::format("{:02x}", byte);
  return token;
}

} // namespace

result<std::unique_ptr<stream_server>> stream_server::listen(event_loop& loop, const std::string& folder,
                                                             const std::string& name, redeemed on_redeemed) {
  std::unique_ptr<stream_server> made(new stream_server(loop, std::move(on_redeemed)));
  made->path_ = folder + "/" + name;
  ::unlink(made->path_.c_str()); // a dead monitor's: the lock of the index is ours
  GANTRY_LET(made->socket_, listen_below(folder, name));
  auto* self = made.get();
  GANTRY_LET(made->watch_, loop.add(made->socket_.get(), EPOLLIN, [self](std::uint32_t) { self->accept_all(); }));
  return made;
}

result<stream_token> stream_server::issue(open_stream what) {
  if (offers_.size() >= max_open)
    return fail(errc::exhausted, "{} streams were asked for and not yet opened; try again", offers_.size());
  GANTRY_LET(auto token, random_token());
  auto& entry = offers_[token];
  entry.what = std::move(what);
  entry.expiry = loop_.after(token_life, [this, token] { offers_.erase(token); });
  return stream_token{token, path_};
}

void stream_server::accept_all() {
  for (;;) {
    sys::unique_fd socket(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) return;
    if (strangers_.size() >= max_strangers) continue; // closed
    int fd = socket.get();
    auto& entry = strangers_[fd];
    entry.socket = std::move(socket);
    entry.patience = loop_.after(std::chrono::seconds(5), [this, fd] { strangers_.erase(fd); });
    auto watch = loop_.add(fd, EPOLLIN, [this, fd](std::uint32_t) { read_token(fd); });
    if (watch)
      entry.watch = std::move(*watch);
    else
      strangers_.erase(fd);
  }
}

void stream_server::read_token(int fd) {
  auto found = strangers_.find(fd);
  if (found == strangers_.end()) return;
  char bytes[4096];
  auto got = ::recv(fd, bytes, sizeof bytes, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    strangers_.erase(found);
    return;
  }
  found->second.bytes.append(bytes, static_cast<std::size_t>(got));
  if (found->second.bytes.size() < token_bytes) return;
  auto ready = std::move(found->second);
  strangers_.erase(found);
  redeem(std::move(ready));
}

void stream_server::redeem(stranger from) {
  from.watch.reset();
  auto found = offers_.find(from.bytes.substr(0, token_bytes));
  if (found == offers_.end()) return; // unknown, used or expired: closed
  auto what = std::move(found->second.what);
  offers_.erase(found);
  auto session = std::make_shared<stream_session>(loop_, std::move(from.socket), std::move(what));
  redeemed_(std::move(session), from.bytes.substr(token_bytes));
}

} // namespace gantry::monitor
