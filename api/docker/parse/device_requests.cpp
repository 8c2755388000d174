#include <algorithm>

#include "api/docker/parse/parts.hpp"
#include "messages/domain/cdi.hpp"
#include "messages/domain/quote.hpp"

// DeviceRequests (Docker Engine API, "DeviceRequest"): devices by a driver, of which there is one, "cdi".
namespace gantry::docker::parts {
namespace {

/// `--gpus` asks for whatever driver has the capability "gpu": dockerd's words where there is none.
tl::unexpected<error> no_driver(const std::string& driver) {
  return fail(errc::invalid_argument,
              "HostConfig.DeviceRequests: could not select device driver {}: there is \"cdi\" alone: name devices with "
              "--device vendor.com/class=name",
              quote(driver));
}

result<void> read_request(object from, container_options& into) {
  json_fields fields(from);
  std::string driver;
  std::int64_t count = 0;
  std::vector<std::string> ids;
  std::map<std::string, std::string> options;
  fields.read("Driver", driver);
  fields.read("Count", count, INT32_MIN, INT32_MAX);
  fields.read("DeviceIDs", ids);
  fields.read("Options", options);
  GANTRY_TRY(checked(fields, "HostConfig.DeviceRequests"));
  if (driver != "cdi") return no_driver(driver);
  if (count != 0) return fail(errc::invalid_argument, "unexpected count in CDI device request");
  if (!options.empty()) return fail(errc::invalid_argument, "unexpected options in CDI device request");
  auto& devices = into.cdi_devices;
  for (auto& id : ids) {
    if (auto name = cdi::parse_device_name(id); !name) return within(name.error(), "HostConfig.DeviceRequests");
    if (std::find(devices.begin(), devices.end(), id) == devices.end()) devices.push_back(std::move(id));
  }
  return {};
}

} // namespace

result<void> read_device_requests(object host, container_options& into) {
  json_fields fields(host);
  GANTRY_TRY(for_each_object(fields, "DeviceRequests", [&](object o) { return read_request(o, into); }));
  return checked(fields, "HostConfig");
}

} // namespace gantry::docker::parts
