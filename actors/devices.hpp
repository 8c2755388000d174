#pragma once

#include "messages/devices.hpp"
#include "runtime/cdi/registry.hpp"

namespace gantry {

struct devices_state {
  std::optional<cdi::registry> known;

  static inline const char* name = "devices";
};

/// devices: reads the files of CDI in `folders`, the last over those before it.
devices_actor::behavior_type devices(devices_actor::stateful_pointer<devices_state> self,
                                     std::vector<std::string> folders);

} // namespace gantry
