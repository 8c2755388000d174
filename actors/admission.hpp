#pragma once

#include <array>
#include <chrono>
#include <deque>
#include <map>
#include <set>
#include <string>

#include "messages/admission.hpp"

namespace gantry {

/// The bounds of one class of work.
struct admission_limit {
  std::uint32_t slots = 1;
  std::size_t queue = 4096; ///< waiting beyond the slots; over it: exhausted
};
/// What is created will be started: while as many starts wait as run, no creation begins. It would wait for its start
/// otherwise, and cost more than it does before it begins.
struct admission_limits {
  admission_limit creation{64, 4096}, launch{16, 4096}, pull{4, 256}, extraction{2, 4096}, archive{16, 256};
};

/// Whoever waits longer for the slot of a creation or a start is refused, to the precision of a tick. Shorter than
/// deadline::whole, so that a client hears of it. A pull and its extractions wait as long as the client does.
inline constexpr std::chrono::seconds longest_wait{240}, admission_tick{1};

struct admission_state {
  struct waiting {
    std::chrono::steady_clock::time_point since;
    caf::actor_addr holder;
    caf::typed_response_promise<slot> promise;
  };
  /// Invariant: free and held places together are exactly 0 … slots - 1, and no one waits while a place is free, but
  /// for creations while many starts wait.
  struct queue {
    admission_limit limit;
    std::set<std::uint32_t> free;
    std::map<std::string, std::deque<waiting>> by_client; ///< no empty entries; the longest wait first
    std::string last_client;                              ///< whose turn it was
    std::size_t waiting_count = 0;
    std::uint64_t refused = 0;
  };
  std::array<queue, 5> queues;
  struct grant {
    slot what;
    caf::actor_addr holder;
  };
  std::map<std::uint64_t, grant> held;
  std::map<caf::actor_addr, std::size_t> holders; ///< how many slots each has or waits for; watched while it does
  std::uint64_t next_id = 1;
  bool clock_runs = false; ///< a refuse_overdue is on its way: one for all who wait

  static inline const char* name = "admission";
};

/// admission (architecture, "Actors"): clients take turns, so one with a thousand requests does not starve another.
admission_actor::behavior_type admission(admission_actor::stateful_pointer<admission_state> self,
                                         admission_limits limits);

} // namespace gantry
