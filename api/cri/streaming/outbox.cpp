#include "api/cri/streaming/outbox.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

namespace gantry::cri {
namespace {

using namespace asio::experimental::awaitable_operators;

constexpr std::size_t enough = 128u << 10;

} // namespace

awaitable<void> outbox::run() {
  for (;;) {
    while (waiting_.empty()) co_await changed_.wait();
    auto bytes = std::move(waiting_.front());
    waiting_.pop_front();
    auto written = co_await to_.write(bytes);
    if (!written) co_return;
    bytes_ -= bytes.size();
    changed_.notify();
  }
}

void outbox::put(std::string bytes) {
  if (bytes.empty()) return;
  bytes_ += bytes.size();
  waiting_.push_back(std::move(bytes));
  changed_.notify();
}

awaitable<void> outbox::room() {
  while (bytes_ > enough) co_await changed_.wait();
}

awaitable<void> outbox::drained(std::chrono::seconds patience) {
  auto all_written = [this]() -> awaitable<void> {
    while (bytes_ > 0) co_await changed_.wait();
  };
  asio::steady_timer limit(co_await asio::this_coro::executor, patience);
  co_await (all_written() || limit.async_wait(asio::use_awaitable));
}

} // namespace gantry::cri
