#pragma once

#include <deque>
#include <memory>
#include <string>

#include "runtime/monitor/event_loop.hpp"
#include "runtime/monitor/network_traces.hpp"
#include "runtime/monitor/worker_thread.hpp"

namespace gantry::monitor {

/// A container's network namespace that may serve another after it.
struct reusable_network {
  std::string terms; ///< as terms_of_network_reuse says
  sys::unique_fd handle;
};

/// Network namespaces that nobody is in any more, for the next containers: to make one and to end it costs the kernel
/// more than a millisecond. Invariant: each is as a new one, but for the sysctls that its terms say. The loop's thread
/// alone.
class idle_networks {
public:
  static constexpr std::size_t limit = 16;            ///< that are kept
  static constexpr std::chrono::seconds patience{60}; ///< then an unused one ends
  /// After it, one in which there are sockets is looked at again: closed ones count for a while.
  static constexpr std::chrono::milliseconds second_look{200};

  /// The worker is where they are looked at, and must outlive this object's loop.
  idle_networks(event_loop& loop, worker_thread& worker) : loop_(loop), worker_(worker) {}

  /// One with these terms, or an empty handle.
  sys::unique_fd take(const std::string& terms);
  /// After the last process in it has gone. It is kept only if it is untouched.
  void give_back(reusable_network used);

private:
  enum class look : std::uint8_t { first, second };
  void judge(reusable_network used, look which);
  void judged(reusable_network used, look which, network_judge::verdict how);
  void end_unused();
  void look_again();

  struct idle {
    reusable_network network;
    event_loop::clock::time_point since;
  };
  event_loop& loop_;
  worker_thread& worker_;
  std::shared_ptr<network_judge> judge_ = std::make_shared<network_judge>(); ///< the worker's thread alone
  std::deque<idle> idle_;                                                    ///< the longest unused first
  std::size_t judged_ = 0;                                                   ///< under way at the worker
  std::deque<idle> in_use_;                                                  ///< by sockets, as it seemed
  event_loop::timer end_timer_, look_timer_;
};

} // namespace gantry::monitor
