#pragma once

#include <string>
#include <vector>

#include "tools/gantry-load/loop/event_loop.hpp"
#include "tools/gantry-load/loop/task.hpp"
#include "tools/gantry-load/measure/failure.hpp"

namespace gantry::load {

/// Keep-alive connections to one Unix socket. As many as are asked for at once; those given back are used again, the
/// latest first, so that the others may go stale unnoticed.
class pool {
public:
  pool(event_loop& loop, std::string socket) : loop_(loop), socket_(std::move(socket)) {}

  /// An idle connection that the engine has not closed, or a new one. A full backlog (EAGAIN, unix(7)) is waited for
  /// until the deadline. Fails with cause connect.
  task<outcome<descriptor>> take(time_point until);
  void give_back(descriptor connection);
  /// Connections made so far.
  [[nodiscard]] std::size_t made() const { return made_; }

private:
  event_loop& loop_;
  std::string socket_;
  std::vector<descriptor> idle_;
  std::size_t made_ = 0;
};

} // namespace gantry::load
