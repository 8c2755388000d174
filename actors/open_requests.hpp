#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <unordered_map>

#include "messages/domain/monitor.hpp"

namespace gantry {

/// What a monitor was asked and has not answered yet. Each request has a time, which is kept by looking at all of them
/// now and then: a timer each would cost more than most answers.
class open_requests {
public:
  using time_point = std::chrono::steady_clock::time_point;
  using callback = std::function<void(result<monitor::reply>)>;

  /// The number by which `answer` knows it.
  std::uint64_t add(time_point until, callback then);
  /// Calls the request's callback; nothing happens when that was done before.
  void answer(std::uint64_t number, result<monitor::reply> with);
  /// Those whose time is over are answered by errc::timeout: what was asked may still be done.
  void give_up_overdue(time_point now);

  [[nodiscard]] std::size_t size() const { return open_.size(); }

private:
  struct request {
    time_point until;
    callback then;
  };
  std::unordered_map<std::uint64_t, request> open_;
  std::uint64_t next_ = 1;
};

} // namespace gantry
