#pragma once

#include <map>

#include "messages/writable_usage.hpp"
#include "store/layout.hpp"

namespace gantry {

struct writable_usage_state {
  store::layout paths{""};
  struct measured {
    writable_use use;
    std::chrono::steady_clock::time_point fresh_until;
  };
  /// By container's id: what was asked for last. One that nobody asks for is forgotten when it is no longer fresh.
  std::map<std::string, measured> known;

  static inline const char* name = "writable_usage";
};

/// writable_usage (messages/writable_usage.hpp).
writable_usage_actor::behavior_type writable_usage(writable_usage_actor::stateful_pointer<writable_usage_state> self,
                                                   store::layout paths);

} // namespace gantry
