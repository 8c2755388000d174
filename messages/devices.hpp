#pragma once

#include "messages/caf.hpp"
#include "messages/domain/cdi.hpp"

namespace gantry {

/// What these devices change in a container: "vendor.com/class=name" each, in the order in which they were asked for.
struct find_devices {
  std::vector<std::string> names;
};
struct found_devices {
  cdi::container_edits edits;
};

struct list_devices {};
struct device_list {
  std::vector<std::string> folders;  ///< that are read, the last over those before it
  std::vector<std::string> names;    ///< sorted
  std::vector<std::string> warnings; ///< sentences: files that are not understood, devices that are there twice
};

/// devices: the CDI devices of this host, as its files say at the moment; on a thread of its own, since it reads them.
using devices_actor = caf::typed_actor<
    // invalid_argument, naming the device and the folders that were looked into
    replies_to<find_devices>::with<found_devices>, replies_to<list_devices>::with<device_list>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::find_devices)
GANTRY_MESSAGE(gantry::found_devices)
GANTRY_MESSAGE(gantry::list_devices)
GANTRY_MESSAGE(gantry::device_list)
