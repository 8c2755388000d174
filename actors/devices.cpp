#include "actors/devices.hpp"

#include "runtime/sys/thread_name.hpp"

namespace gantry {

devices_actor::behavior_type devices(devices_actor::stateful_pointer<devices_state> self,
                                     std::vector<std::string> folders) {
  sys::name_thread("devices");
  self->state.known.emplace(std::move(folders));
  return {
      [self](const find_devices& request) -> caf::result<found_devices> {
        auto edits = self->state.known->find(request.names);
        if (!edits) return to_caf(edits.error());
        return found_devices{std::move(*edits)};
      },
      [self](const list_devices&) {
        auto& known = *self->state.known;
        auto listing = known.list();
        return device_list{known.folders(), std::move(listing.names), std::move(listing.warnings)};
      },
  };
}

} // namespace gantry
