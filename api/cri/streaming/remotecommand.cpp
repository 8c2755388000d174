#include "api/cri/streaming/remotecommand.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/write.hpp>

namespace gantry::cri {
namespace {

using namespace asio::experimental::awaitable_operators;
using monitor_socket = asio::local::stream_protocol::socket;

const wanted_streams& streams_of(const stream_request& what) {
  if (const auto* exec = std::get_if<exec_request>(&what)) return exec->streams;
  return std::get<attach_request>(what).streams;
}

} // namespace

remotecommand::remotecommand(std::shared_ptr<loop> home, backend& engine, const stream_limits& limits,
                             stream_request what, status_format format, remote_client& client)
    : home_(std::move(home)), engine_(engine), limits_(limits), what_(std::move(what)), wanted_(streams_of(what_)),
      format_(format), client_(client), monitor_(home_->io) {}

awaitable<void> remotecommand::run() {
  auto opened = co_await open();
  deaf_ = !opened || !wanted_.in;
  co_await (serve(std::move(opened)) || read_client());
}

awaitable<result<void>> remotecommand::open() {
  auto begin = [this](answer<process_stream> to) {
    if (const auto* exec = std::get_if<exec_request>(&what_)) return engine_.exec(*exec, std::move(to));
    engine_.attach(std::get<attach_request>(what_), std::move(to));
  };
  auto got = co_await ask<process_stream>(home_, begin);
  if (!got) co_return tl::unexpected<error>(std::move(got.error()));
  process_ = std::move(*got);
  constexpr std::size_t longest_path = 107; // sockaddr_un
  if (process_.socket.empty() || process_.socket.size() > longest_path)
    co_return fail(errc::internal, "the stream socket's path {} is no path of a socket", process_.socket);
  asio::local::stream_protocol::endpoint where(process_.socket);
  auto [failure] = co_await monitor_.async_connect(where, as_tuple);
  if (failure) co_return fail(errc::unavailable, "the container's monitor does not answer: {}", failure.message());
  auto [not_sent, sent] = co_await asio::async_write(monitor_, asio::buffer(process_.token), as_tuple);
  if (not_sent) co_return fail(errc::unavailable, "the container's monitor hung up: {}", not_sent.message());
  co_return result<void>();
}

awaitable<void> remotecommand::serve(result<void> opened) {
  std::string status;
  if (opened) {
    auto ended = co_await pass_output();
    auto is_exec = std::holds_alternative<exec_request>(what_);
    status = !ended ? status_of_failure(format_, ended.error()) : status_of_exit(format_, is_exec ? *ended : 0);
  } else {
    status = status_of_failure(format_, opened.error());
  }
  deaf_ = true;
  if (!status.empty()) co_await client_.write(channel::status, status);
  co_await client_.finish(limits_.drain_timeout);
  asio::steady_timer goodbye(home_->io, limits_.goodbye_timeout);
  co_await goodbye.async_wait(as_tuple);
}

awaitable<result<int>> remotecommand::pass_output() {
  stream::reader frames;
  std::string bytes(32u << 10, '\0');
  for (;;) {
    auto next = frames.next();
    if (!next) co_return tl::unexpected<error>(std::move(next.error()));
    if (!*next) {
      auto [failure, got] = co_await monitor_.async_read_some(asio::buffer(bytes), as_tuple);
      if (failure) co_return fail(errc::unavailable, "the container's stream broke: {}", failure.message());
      frames.add(std::string_view(bytes).substr(0, got));
      continue;
    }
    const auto& frame = **next;
    if (frame.type == monitor::frame::end) co_return stream::exit_code_of(frame.payload);
    if (frame.payload.empty()) continue;
    if (frame.type == monitor::frame::stdout_data && wanted_.out) co_await client_.write(channel::out, frame.payload);
    if (frame.type == monitor::frame::stderr_data && wanted_.err) co_await client_.write(channel::err, frame.payload);
  }
}

awaitable<void> remotecommand::read_client() {
  for (;;) {
    auto next = co_await client_.next();
    if (!next) co_return;
    if (next->from == channel::in)
      co_await pass_input(std::move(*next));
    else if (next->from == channel::resize)
      resize(next->bytes);
  }
}

awaitable<void> remotecommand::pass_input(remote_client::input input) {
  if (deaf_) co_return; // read and dropped: the client may still say something that matters
  if (!input.bytes.empty()) {
    std::string frames;
    stream::append_frames(frames, monitor::frame::stdin_data, input.bytes);
    auto [failure, sent] = co_await asio::async_write(monitor_, asio::buffer(frames), as_tuple);
    deaf_ = deaf_ || failure;
  }
  if (!input.ended || deaf_) co_return;
  deaf_ = true;
  // What that means for the process is the monitor's to know (StdinOnce, an exec session).
  boost::system::error_code ignored;
  monitor_.shutdown(monitor_socket::shutdown_send, ignored);
}

void remotecommand::resize(const std::string& bytes) {
  if (sizes_broken_) return;
  sizes_.add(bytes);
  for (;;) {
    auto size = sizes_.next();
    sizes_broken_ = !size;
    if (!size || !*size) return;
    engine_.resize(process_, **size);
  }
}

} // namespace gantry::cri
