#include "api/cri/streaming/port_forward.hpp"

#include <algorithm>
#include <charconv>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <spdlog/spdlog.h>

#include "api/cri/streaming/spdy_client.hpp"

namespace gantry::cri {
namespace {

using namespace asio::experimental::awaitable_operators;
using asio::ip::tcp;

/// SPDY has windows that no client keeps to, so this is how far a pod that does not read lets the client run ahead.
/// Then the whole connection waits for it, the other pairs too.
constexpr std::size_t max_queued_of_pair = 1u << 20, max_queued = 8u << 20;
constexpr std::size_t pod_read_bytes = 32u << 10;
constexpr std::size_t longest_request_id = 128;

std::optional<std::uint16_t> port_of(const spdy::header_list& headers) {
  auto text = header_of(headers, "port");
  std::uint16_t port = 0;
  if (!text) return std::nullopt;
  auto [end, failure] = std::from_chars(text->data(), text->data() + text->size(), port);
  if (failure != std::errc() || end != text->data() + text->size() || port == 0) return std::nullopt;
  return port;
}

/// Clients older than the header open the error stream first and the data stream right after it.
std::string request_of(const spdy::header_list& headers, spdy::stream_id id, bool is_data) {
  auto named = header_of(headers, "requestid");
  if (named && !named->empty()) return std::string(*named);
  return fmt::format("stream {}", is_data ? id - 2 : id);
}

} // namespace

struct port_forward::pair {
  pair(asio::io_context& io, std::string of) : request(std::move(of)), pod(io), changed(io) {}

  std::string request;
  std::uint16_t port = 0;
  std::optional<spdy::stream_id> data, error;
  std::string queued; ///< from the client, for the pod
  bool client_ended = false, pod_ended = false, reset = false;
  tcp::socket pod;
  wake_up changed;
  asio::cancellation_signal cancellation;
};

port_forward::port_forward(std::shared_ptr<loop> home, backend& engine, const stream_limits& limits,
                           port_forward_request what, transport& from, outbox& to)
    : home_(std::move(home)), engine_(engine), limits_(limits), what_(std::move(what)), from_(from), to_(to),
      session_(2 * limits.max_pairs), eased_(home_->io) {}

port_forward::~port_forward() = default;

awaitable<void> port_forward::run() {
  // The pairs' coroutines refer to this, so they end first, whatever ended the client's.
  std::exception_ptr cancelled;
  try {
    co_await read_client();
  } catch (...) {
    cancelled = std::current_exception();
  }
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  co_await end_all();
  if (cancelled) std::rethrow_exception(cancelled);
}

awaitable<void> port_forward::end_all() {
  for (auto& one : pairs_) one.cancellation.emit(asio::cancellation_type::terminal);
  while (!pairs_.empty()) co_await eased_.wait();
}

awaitable<void> port_forward::read_client() {
  for (bool sane = true; sane;) {
    auto bytes = co_await from_.read();
    if (!bytes) co_return;
    session_.add(*bytes);
    for (;;) {
      auto event = session_.next();
      sane = event.has_value();
      if (!event) spdlog::info("cri: a client of port-forward is sent away: {}", event.error().message);
      if (!event || !*event) break;
      std::visit([this](auto&& what) { take(std::forward<decltype(what)>(what)); }, std::move(**event));
    }
    flush();
    co_await to_.room();
    auto too_far = [this] {
      auto slow = [](const pair& one) { return one.queued.size() > max_queued_of_pair; };
      return queued_ > max_queued || std::any_of(pairs_.begin(), pairs_.end(), slow);
    };
    while (too_far()) co_await eased_.wait();
  }
  co_await to_.drained(limits_.goodbye_timeout);
}

// -- what the client says ------------------------------------------------------------------------------------------

void port_forward::take(spdy::session::opened&& what) {
  auto type = header_of(what.headers, "streamtype");
  auto port = port_of(what.headers);
  auto is_data = type && *type == "data";
  if (!port || (!is_data && (!type || *type != "error"))) return refuse(what.id);
  auto* which = pair_of(request_of(what.headers, what.id, is_data));
  if (which == nullptr) return refuse(what.id);
  auto& place = is_data ? which->data : which->error;
  if (place) return refuse(what.id);
  place = what.id;
  if (is_data || which->port == 0) which->port = *port;
  session_.accept(what.id);
  which->changed.notify();
}

void port_forward::take(spdy::session::received&& what) {
  auto* which = find_by_data(what.id);
  if (which == nullptr || which->reset) return;
  which->queued += what.bytes;
  queued_ += what.bytes.size();
  which->changed.notify();
}

void port_forward::take(spdy::session::ended&& what) {
  auto* which = find_by_data(what.id);
  if (which == nullptr) return;
  which->client_ended = true;
  which->changed.notify();
}

void port_forward::take(spdy::session::reset&& what) {
  auto* which = find_by_data(what.id);
  if (which == nullptr) return;
  which->reset = true;
  which->cancellation.emit(asio::cancellation_type::terminal);
}

void port_forward::take(spdy::session::going_away&&) {} // it hangs up next

port_forward::pair* port_forward::pair_of(const std::string& request) {
  for (auto& one : pairs_)
    if (one.request == request) return &one;
  if (pairs_.size() >= limits_.max_pairs || request.size() > longest_request_id) return nullptr;
  auto& added = pairs_.emplace_back(home_->io, request);
  begin(added);
  return &added;
}

port_forward::pair* port_forward::find_by_data(spdy::stream_id id) {
  auto found = std::find_if(pairs_.begin(), pairs_.end(), [id](const pair& one) { return one.data == id; });
  return found == pairs_.end() ? nullptr : &*found;
}

// -- one connection into the pod -----------------------------------------------------------------------------------

void port_forward::begin(pair& which) {
  auto over = [this, &which](std::exception_ptr) {
    // Not here: the coroutine's own frame may still refer to the pair.
    asio::post(home_->io, [this, &which] {
      queued_ -= which.queued.size();
      for (auto stream : {which.data, which.error})
        if (stream) session_.reject(*stream, spdy::reset_reason::cancel); // if the client has not ended it too
      flush();
      pairs_.remove_if([&which](const pair& one) { return &one == &which; });
      eased_.notify();
    });
  };
  asio::co_spawn(home_->io, serve(which), asio::bind_cancellation_slot(which.cancellation.slot(), std::move(over)));
}

awaitable<void> port_forward::serve(pair& which) {
  asio::steady_timer limit(home_->io, limits_.open_timeout);
  co_await (await_partner(which) || limit.async_wait(asio::use_awaitable));
  if (!which.data || !which.error) {
    fail_pair(which, fmt::format("the other stream of request {} did not come in time", which.request));
    co_return;
  }
  auto begin_connect = [this, &which](answer<sys::unique_fd> to) {
    engine_.connect(what_.sandbox, which.port, std::move(to));
  };
  auto connected = co_await ask<sys::unique_fd>(home_, begin_connect);
  if (!connected) {
    fail_pair(which, fmt::format("error forwarding port {}: {}", which.port, connected.error().message));
    co_return;
  }
  boost::system::error_code failure;
  which.pod.assign(tcp::v4(), connected->get(), failure);
  if (failure) {
    fail_pair(which, fmt::format("error forwarding port {}: {}", which.port, failure.message()));
    co_return;
  }
  (void)connected->release();
  co_await forward(which);
}

awaitable<void> port_forward::await_partner(pair& which) {
  while (!which.data || !which.error) co_await which.changed.wait();
}

awaitable<void> port_forward::forward(pair& which) {
  co_await (upload(which) && download(which));
  session_.finish(*which.error);
  flush();
}

awaitable<void> port_forward::upload(pair& which) {
  for (;;) {
    auto idle_since = std::chrono::steady_clock::now();
    while (which.queued.empty() && !which.client_ended) {
      // A pod that has ended its side may read on, but a client that has nothing more to say need not end its own.
      if (which.pod_ended && std::chrono::steady_clock::now() - idle_since > limits_.goodbye_timeout) co_return;
      asio::steady_timer tick(home_->io, limits_.goodbye_timeout);
      co_await (which.changed.wait() || tick.async_wait(asio::use_awaitable));
    }
    if (which.queued.empty()) break;
    auto bytes = std::exchange(which.queued, {});
    auto [failure, sent] = co_await asio::async_write(which.pod, asio::buffer(bytes), as_tuple);
    queued_ -= bytes.size();
    eased_.notify();
    if (!failure) continue;
    which.reset = true; // what comes now is for nobody
    queued_ -= std::exchange(which.queued, {}).size();
    co_return;
  }
  boost::system::error_code ignored;
  which.pod.shutdown(tcp::socket::shutdown_send, ignored);
}

awaitable<void> port_forward::download(pair& which) {
  std::string bytes(pod_read_bytes, '\0');
  for (;;) {
    auto [failure, got] = co_await which.pod.async_read_some(asio::buffer(bytes), as_tuple);
    if (failure) break;
    session_.send(*which.data, std::string_view(bytes).substr(0, got));
    flush();
    co_await to_.room();
  }
  session_.finish(*which.data);
  flush();
  which.pod_ended = true;
  which.changed.notify();
}

void port_forward::fail_pair(pair& which, const std::string& why) {
  if (which.error) {
    session_.send(*which.error, why);
    session_.finish(*which.error);
  }
  if (which.data) session_.reject(*which.data, spdy::reset_reason::cancel);
  flush();
}

} // namespace gantry::cri
