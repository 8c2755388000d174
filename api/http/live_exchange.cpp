#include "api/http/live_exchange.hpp"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include "api/http/live_websocket.hpp"

namespace gantry::http {
namespace {

constexpr std::size_t read_bytes = 32u << 10;
constexpr std::chrono::seconds head_patience{10}; // that a client has to read a head before its stream goes on

tl::unexpected<error> hung_up() { return fail(errc::unavailable, "the client has hung up"); }

bool is_local(connection::socket& socket) {
  boost::system::error_code failure;
  auto at = socket.local_endpoint(failure);
  return !failure && at.protocol().family() == AF_UNIX;
}

class live_raw final : public raw_connection {
public:
  live_raw(connection::stream& on, std::string early)
      : on_(on), early_(std::move(early)), head_is_read_(!is_local(on.socket())) {}

  awaitable<result<std::string>> read_some() override {
    if (!early_.empty()) co_return std::exchange(early_, {});
    std::string bytes(read_bytes, '\0');
    auto [failure, got] = co_await on_.socket().async_read_some(asio::buffer(bytes), as_tuple);
    if (failure == asio::error::eof) co_return std::string();
    if (failure) co_return hung_up();
    bytes.resize(got);
    co_return bytes;
  }
  awaitable<result<void>> write(std::string_view bytes) override {
    co_await let_the_head_be_read();
    auto [failure, sent] = co_await asio::async_write(on_.socket(), asio::buffer(bytes), as_tuple);
    if (failure) co_return hung_up();
    co_return result<void>();
  }
  awaitable<void> shut_down() override {
    boost::system::error_code ignored;
    on_.socket().shutdown(connection::socket::shutdown_send, ignored);
    co_return;
  }
  [[nodiscard]] bool gone() const override {
    pollfd state{on_.socket().native_handle(), 0, 0};
    return ::poll(&state, 1, 0) > 0; // POLLHUP and POLLERR come unasked
  }

private:
  /// A client may read the head through a buffer of its own and the rest without it (Python's http.client): what lies
  /// in the socket beside the head would be lost to it.
  awaitable<void> let_the_head_be_read() {
    using namespace std::chrono_literals;
    if (std::exchange(head_is_read_, true)) co_return;
    asio::steady_timer pause(on_.get_executor());
    const auto until = std::chrono::steady_clock::now() + head_patience;
    for (auto wait = 200us; unread() && std::chrono::steady_clock::now() < until; wait = std::min(wait * 2, 50'000us)) {
      pause.expires_after(wait);
      co_await pause.async_wait(as_tuple);
    }
  }
  /// Whether the client has bytes in its socket that it has not read: of an AF_UNIX socket, SIOCOUTQ counts these.
  [[nodiscard]] bool unread() {
    int bytes = 0;
    return ::ioctl(on_.socket().native_handle(), SIOCOUTQ, &bytes) == 0 && bytes > 0;
  }

  connection::stream& on_;
  std::string early_; ///< bytes that came with the request
  bool head_is_read_; ///< taken for so over TCP, where only what was acknowledged is known
};

} // namespace

awaitable<result<std::string>> live_exchange::read_body() {
  if (body_ == nullptr) co_return std::string();
  co_return co_await body_->read(on_.limits_.body_timeout);
}

awaitable<result<void>> live_exchange::begin(response head) {
  begun_ = true;
  chunked_ = on_.http_minor_ == 1;
  if (!chunked_) on_.keep_alive_ = false;
  auto how = chunked_ ? framing::chunked : framing::until_close;
  auto text = render_head(head, on_.site_.headers(), how, on_.keep_alive_, on_.http_minor_);
  on_.stream_.expires_never();
  auto [failure, sent] = co_await asio::async_write(on_.stream_, asio::buffer(text), as_tuple);
  broken_ = broken_ || failure;
  if (failure) co_return hung_up();
  co_return result<void>();
}

awaitable<result<void>> live_exchange::write(std::string_view part) {
  if (broken_) co_return hung_up();
  if (part.empty() || what_.method == "HEAD") co_return result<void>(); // an empty chunk would end the stream
  auto size = fmt::format("{:x}\r\n", part.size());
  std::array<asio::const_buffer, 3> buffers{asio::buffer(size), asio::buffer(part), asio::buffer("\r\n", 2)};
  boost::system::error_code failure;
  std::size_t sent = 0;
  if (chunked_)
    std::tie(failure, sent) = co_await asio::async_write(on_.stream_, buffers, as_tuple);
  else
    std::tie(failure, sent) = co_await asio::async_write(on_.stream_, asio::buffer(part), as_tuple);
  broken_ = broken_ || failure;
  if (failure) co_return hung_up();
  co_return result<void>();
}

awaitable<void> live_exchange::until_gone() {
  auto& socket = on_.stream_.socket();
  auto has_gone = [&socket] {
    pollfd state{socket.native_handle(), POLLRDHUP, 0};
    return ::poll(&state, 1, 0) > 0;
  };
  while (!has_gone()) {
    char byte = 0;
    if (::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1) {
      // The next request is here already: readability tells nothing any more.
      asio::steady_timer pause(socket.get_executor(), std::chrono::seconds(1));
      co_await pause.async_wait(as_tuple);
    } else {
      auto [failure] = co_await socket.async_wait(connection::socket::wait_read, as_tuple);
      if (failure) co_return;
    }
  }
}

awaitable<result<std::unique_ptr<raw_connection>>> live_exchange::take_over(response head) {
  begun_ = taken_ = true;
  on_.keep_alive_ = false;
  auto text = render_head(head, {}, framing::until_close, false, 1);
  on_.stream_.expires_never();
  auto [failure, sent] = co_await asio::async_write(on_.stream_, asio::buffer(text), as_tuple);
  if (failure) co_return hung_up();
  auto early = on_.buffer_.data();
  auto raw = std::make_unique<live_raw>(on_.stream_, std::string(static_cast<const char*>(early.data()), early.size()));
  on_.buffer_.clear();
  co_return std::unique_ptr<raw_connection>(std::move(raw));
}

awaitable<result<std::unique_ptr<raw_connection>>> live_exchange::take_over_websocket(message_kind kind) {
  auto made = co_await accept_websocket(on_.stream_, what_, kind);
  if (!made && made.error().code == errc::invalid_argument) co_return made;
  begun_ = taken_ = true;
  on_.keep_alive_ = false;
  co_return made;
}

awaitable<bool> live_exchange::finish(bool whole) {
  if (taken_ || broken_ || !whole) co_return false;
  if (!chunked_ || what_.method == "HEAD") co_return false;
  auto [failure, sent] = co_await asio::async_write(on_.stream_, asio::buffer("0\r\n\r\n", 5), as_tuple);
  co_return !failure && on_.keep_alive_;
}

} // namespace gantry::http
