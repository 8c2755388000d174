#include "runtime/monitor/client/monitor_client.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "runtime/monitor/protocol/codec.hpp"
#include "runtime/sys/thread_name.hpp"
#include "runtime/sys/unique_fd.hpp"

namespace gantry::monitor {
namespace {

constexpr std::size_t max_open_requests = 8192;
constexpr int greeting_milliseconds = 5000;

using answer_function = std::function<void(result<reply>)>;

result<sys::unique_fd> connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return fail(errc::invalid_argument, "{}: longer than the name of a socket may be", path);
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  sys::unique_fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail_errno(errno, "socket");
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail(errc::unavailable, "no monitor listens on {}: {}", path, std::generic_category().message(errno));
  return socket;
}

/// Reads what there is; false at the end of the connection.
bool receive(int socket, frame_reader& into) {
  static thread_local std::array<char, 256u << 10> bytes;
  auto got = ::recv(socket, bytes.data(), bytes.size(), 0);
  if (got < 0 && errno == EINTR) return true;
  if (got <= 0) return false;
  into.add({bytes.data(), static_cast<std::size_t>(got)});
  return true;
}

result<greeting> read_greeting(int socket, frame_reader& in, const std::string& path) {
  for (;;) {
    GANTRY_LET(auto next, in.next());
    if (next) {
      auto* hello = std::get_if<greeting>(&next->what);
      if (hello == nullptr) return fail(errc::corrupt, "{}: a monitor greets first; this one does not", path);
      return *hello;
    }
    pollfd ready{socket, POLLIN, 0};
    if (::poll(&ready, 1, greeting_milliseconds) <= 0 || !receive(socket, in))
      return fail(errc::unavailable, "{}: the monitor there does not greet", path);
  }
}

/// A monitor that this process started becomes a zombie of it when it dies: taken away here. The pidfd makes sure that
/// it is that process; for any other waitid says ECHILD.
void reap_monitor(int pidfd) {
  if (pidfd < 0) return;
  pollfd ended{pidfd, POLLIN, 0};
  if (::poll(&ended, 1, 1000) != 1) return;
  siginfo_t info{};
  ::waitid(static_cast<idtype_t>(3 /* P_PIDFD */), static_cast<id_t>(pidfd), &info, WEXITED | WNOHANG);
}

class socket_client final : public client {
public:
  socket_client(sys::unique_fd socket, sys::unique_fd wake, frame_reader in, greeting hello, callbacks on)
      : socket_(std::move(socket)), wake_(std::move(wake)), in_(std::move(in)), pid_(hello.pid), on_(std::move(on)) {
    process_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    thread_ = std::thread([this] {
      sys::name_thread("monitor client");
      serve();
    });
  }

  ~socket_client() override {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake();
    thread_.join();
    fail_all({errc::cancelled, "the connection to the monitor was closed", 0});
  }

  void request(monitor::request what, answer_function answer) override {
    auto refused = enqueue(what, answer);
    if (!refused) answer(tl::unexpected<error>(refused.error()));
  }

  [[nodiscard]] std::int32_t pid() const override { return pid_; }

private:
  result<void> enqueue(const monitor::request& what, answer_function& answer) {
    std::lock_guard lock(mutex_);
    if (lost_) return fail(errc::unavailable, "the connection to the monitor is lost");
    if (open_.size() >= max_open_requests)
      return fail(errc::exhausted, "{} requests to the monitor are under way", open_.size());
    auto id = next_id_++;
    GANTRY_LET(auto frame, encode(id, what));
    open_.emplace(id, std::move(answer));
    bool idle = out_.empty();
    out_ += frame;
    if (idle) flush(); // from the caller's thread: spares a wake-up
    if (!out_.empty()) wake();
    return {};
  }

  /// Sends what goes without waiting. The mutex is held.
  void flush() {
    std::size_t sent = 0;
    while (sent < out_.size()) {
      auto put = ::send(socket_.get(), out_.data() + sent, out_.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) break; // EAGAIN, or the end, which the reading side learns
      sent += static_cast<std::size_t>(put);
    }
    out_.erase(0, sent);
  }

  void wake() {
    std::uint64_t one = 1;
    (void)!::write(wake_.get(), &one, sizeof one);
  }

  void serve() {
    for (;;) {
      auto why = dispatch_all();
      if (!why) return lose(why.error());
      std::array<pollfd, 2> ready{{{socket_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}}};
      {
        std::lock_guard lock(mutex_);
        if (stopping_) return;
        if (!out_.empty()) ready[0].events |= POLLOUT;
      }
      if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR)
        return lose({errc::internal, "poll failed", errno});
      std::uint64_t count = 0;
      if ((ready[1].revents & POLLIN) != 0) (void)!::read(wake_.get(), &count, sizeof count);
      if ((ready[0].revents & POLLOUT) != 0) {
        std::lock_guard lock(mutex_);
        flush();
      }
      if ((ready[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !receive(socket_.get(), in_))
        return lose({errc::unavailable, fmt::format("monitor {} has closed the connection", pid_), 0});
    }
  }

  /// Hands out all whole messages that came.
  result<void> dispatch_all() {
    for (;;) {
      GANTRY_LET(auto next, in_.next());
      if (!next) return {};
      if (auto* fact = std::get_if<process_exited>(&next->what))
        on_.exited(std::move(*fact));
      else if (auto* good = std::get_if<reply>(&next->what))
        respond(next->id, std::move(*good));
      else if (auto* bad = std::get_if<error>(&next->what))
        respond(next->id, tl::unexpected<error>(std::move(*bad)));
      else
        return fail(errc::corrupt, "monitor {} sent what a monitor does not send", pid_);
    }
  }

  void respond(std::uint64_t id, result<reply> with) {
    answer_function answer;
    {
      std::lock_guard lock(mutex_);
      auto found = open_.find(id);
      if (found == open_.end()) return;
      answer = std::move(found->second);
      open_.erase(found);
    }
    answer(std::move(with));
  }

  void fail_all(const error& why) {
    std::unordered_map<std::uint64_t, answer_function> all;
    {
      std::lock_guard lock(mutex_);
      lost_ = true;
      all.swap(open_);
    }
    for (auto& [id, answer] : all) answer(tl::unexpected<error>(why));
  }

  void lose(const error& why) {
    {
      std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    fail_all({errc::unavailable, why.message, why.os_errno});
    reap_monitor(process_.get());
    if (on_.lost) on_.lost(why);
  }

  sys::unique_fd socket_, wake_, process_;
  frame_reader in_;
  std::int32_t pid_;
  callbacks on_;
  std::mutex mutex_; ///< guards the members below
  std::unordered_map<std::uint64_t, answer_function> open_;
  std::string out_;
  std::uint64_t next_id_ = 1;
  bool stopping_ = false, lost_ = false;
  std::thread thread_;
};

} // namespace

result<std::unique_ptr<client>> client::connect(const std::string& socket, callbacks on) {
  GANTRY_LET(auto connected, connect_to(socket));
  sys::unique_fd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return fail_errno(errno, "eventfd");
  frame_reader in;
  GANTRY_LET(auto hello, read_greeting(connected.get(), in, socket));
  if (hello.version != protocol_version)
    return fail(
        errc::failed_precondition,
        "the monitor on {} speaks version {} of the protocol and this engine version {}: stop its containers and "
        "the monitor (pid {}), or use the engine that started it",
        socket, hello.version, protocol_version, hello.pid);
  return std::unique_ptr<client>(
      new socket_client(std::move(connected), std::move(wake), std::move(in), hello, std::move(on)));
}

} // namespace gantry::monitor
