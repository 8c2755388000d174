#include "tools/gantry-load/http/client.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace gantry::load {

namespace {

constexpr std::size_t most_body_bytes = 64u << 20;

std::string text_of(const request& what) {
  auto type = what.body.empty() ? "" : "Content-Type: application/json\r\n";
  return fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: gantry-load/" GANTRY_VERSION
                     "\r\n{}Content-Length: {}\r\n\r\n{}",
                     what.method, what.target, type, what.body.size(), what.body);
}

tl::unexpected<failure> broken(std::string words) {
  failure made;
  made.words = std::move(words);
  return tl::unexpected(std::move(made));
}

tl::unexpected<failure> timed_out() {
  failure made;
  made.why = failure::cause::timeout;
  return tl::unexpected(std::move(made));
}

task<outcome<void>> send_all(descriptor& to, std::string_view text, time_point until) {
  while (!text.empty()) {
    auto sent = ::send(to.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      text.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      bool in_time = co_await readiness{to, until};
      if (!in_time) co_return timed_out();
    } else if (errno == EPIPE || errno == ECONNRESET) {
      co_return outcome<void>(); // there may be an answer all the same: "too many connections"
    } else if (errno != EINTR) {
      co_return broken(std::strerror(errno));
    }
  }
  co_return outcome<void>();
}

task<outcome<void>> read_answer(descriptor& from, response_reader& into, const call_options& how, time_point until) {
  // Not in the frame, of which there are thousands: it holds nothing while the coroutine waits.
  static thread_local std::array<char, 32768> piece;
  bool told = !how.on_head;
  while (!into.done()) {
    auto got = ::recv(from.get(), piece.data(), piece.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) {
      bool in_time = co_await readiness{from, until};
      if (!in_time) co_return timed_out();
      continue;
    }
    if (got < 0) co_return broken(std::strerror(errno));
    if (got == 0) {
      auto ended = into.end_of_stream();
      if (!ended) co_return broken(ended.error().message);
      co_return outcome<void>();
    }
    auto used = into.feed({piece.data(), static_cast<std::size_t>(got)});
    if (!used) co_return broken(used.error().message);
    if (*used != static_cast<std::size_t>(got)) co_return broken("more bytes than the answer has");
    if (!told && into.head_read()) {
      told = true;
      how.on_head();
    }
  }
  co_return outcome<void>();
}

} // namespace

void call_handle::cancel() const {
  if (fd_ >= 0) ::shutdown(fd_, SHUT_RDWR);
}

void http_client::cancel_all() const {
  for (auto fd : busy_) ::shutdown(fd, SHUT_RDWR);
}

task<outcome<response>> http_client::call(request what, call_options how) {
  auto until = clock_type::now() + how.timeout;
  auto text = text_of(what);
  auto connection = co_await pool_.take(until);
  if (!connection) co_return tl::unexpected(std::move(connection.error()));
  if (how.handle != nullptr) how.handle->fd_ = connection->get();
  busy_.insert(connection->get());
  response_reader reader(most_body_bytes, how.body);
  auto went = co_await send_all(*connection, text, until);
  if (went) went = co_await read_answer(*connection, reader, how, until);
  busy_.erase(connection->get());
  if (how.handle != nullptr) how.handle->fd_ = -1;
  if (!went) co_return tl::unexpected(std::move(went.error()));
  if (reader.reusable()) pool_.give_back(std::move(*connection));
  co_return std::move(reader.answer());
}

} // namespace gantry::load
