#pragma once

#include <string>
#include <vector>

#include "runtime/spec/process.hpp"
#include "runtime/spec/spec.hpp"

/// linux.resources and linux.devices (runtime-spec config-linux.md). Internal to runtime/spec.
namespace gantry::spec {

/// linux.resources without devices. By dockerd's rules: what contradicts itself or is out of range is refused, what
/// this host's cgroups cannot do is dropped with a warning. Stats the block devices that are named. Errors:
/// invalid_argument, not_found.
result<json> resources_json(const resource_limits& want, const host_facts& facts, std::vector<std::string>& warnings);

struct device_plan {
  json nodes = json::array(); ///< linux.devices
  json rules = json::array(); ///< linux.resources.devices: nothing but what is listed
};

/// The devices that --device names, all below a folder when it names one, all of the host's for --privileged, and over
/// those the nodes of CDI devices, for the user that `owner` is where those do not say.
/// Stats the host's /dev. Errors: not_found, invalid_argument.
result<device_plan> plan_devices(const spec_input& input, const process_user& owner);

} // namespace gantry::spec
