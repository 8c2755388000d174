#pragma once

#include <chrono>
#include <list>
#include <string>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <spdlog/spdlog.h>

#include "api/http/coroutine.hpp"

namespace gantry::http {

/// The clients of a server, each an object whose run() is a coroutine, until that ends. Member has `awaitable<void>
/// run()` and `asio::cancellation_signal& cancellation()`. The server's thread alone.
template<class Member>
class crowd {
public:
  explicit crowd(asio::io_context& io) : io_(io) {}

  [[nodiscard]] std::size_t size() const { return members_.size(); }

  /// Makes a member and lets it run.
  template<class... Args>
  void admit(Args&&... how) {
    auto added = members_.emplace(members_.end(), std::forward<Args>(how)...);
    asio::co_spawn(io_, added->run(),
                   asio::bind_cancellation_slot(added->cancellation().slot(), [this, added](std::exception_ptr) {
                     // Not here: the coroutine's own frame may still refer to the member.
                     asio::post(io_, [this, added] { members_.erase(added); });
                   }));
  }

  void cancel() {
    for (auto& one : members_) one.cancellation().emit(asio::cancellation_type::terminal);
  }

  /// Runs what cancelled coroutines still have to do. False: some did not end in time, and refer to what they ran on.
  bool unwind() {
    constexpr std::chrono::seconds longest{10};
    const auto until = std::chrono::steady_clock::now() + longest;
    while (!members_.empty() && std::chrono::steady_clock::now() < until) {
      io_.restart();
      io_.run_one_for(std::chrono::milliseconds(20));
    }
    if (members_.empty()) return true;
    spdlog::error("{} connections did not end within {} s", members_.size(), longest.count());
    return false;
  }

private:
  asio::io_context& io_;
  std::list<Member> members_;
};

/// Accepts until the acceptor is closed; `admit` gets each client's socket. `name` is for the log.
template<class Acceptor, class Admit>
awaitable<void> accept_clients(Acceptor& on, std::string name, Admit admit) {
  while (on.is_open()) {
    auto [failure, client] = co_await on.async_accept(as_tuple);
    if (!failure) {
      admit(std::move(client));
      continue;
    }
    if (failure == asio::error::operation_aborted) co_return;
    // Out of descriptors, for example: those who wait stay in the backlog.
    spdlog::warn("{}: accept: {}", name, failure.message());
    asio::steady_timer pause(on.get_executor(), std::chrono::milliseconds(100));
    co_await pause.async_wait(as_tuple);
  }
}

} // namespace gantry::http
