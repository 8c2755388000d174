#include "api/docker/parse/parts.hpp"
#include "messages/domain/quote.hpp"

// Weights and throttles of block devices (Docker Engine API, "Resources").
namespace gantry::docker::parts {
namespace {

constexpr std::uint64_t least_weight = 10, most_weight = 1000;
constexpr std::size_t most_devices = 256;

result<void> check_weight(std::uint64_t weight) {
  if (weight == 0 || (weight >= least_weight && weight <= most_weight)) return {};
  return fail(errc::invalid_argument, "Range of blkio weight is from {} to {}", least_weight, most_weight);
}

result<device_amount> read_amount(object from, std::string_view list, std::string_view amount) {
  json_fields entry(from);
  device_amount one;
  entry.read("Path", one.path);
  entry.read(amount, one.amount, UINT64_MAX);
  GANTRY_TRY(checked(entry, list));
  if (one.path.starts_with('/')) return one;
  return fail(errc::invalid_argument, "HostConfig.{}: the path of a block device is absolute, not {}", list,
              quote(one.path));
}

/// The list `name` of {"Path", `amount`}.
result<void> read_amounts(object host, std::string_view name, std::string_view amount,
                          std::vector<device_amount>& into) {
  json_fields fields(host);
  auto add = [&](object from) -> result<void> {
    if (into.size() == most_devices)
      return fail(errc::invalid_argument, "HostConfig.{} has more than {} devices", name, most_devices);
    GANTRY_LET(auto one, read_amount(from, name, amount));
    into.push_back(std::move(one));
    return {};
  };
  GANTRY_TRY(for_each_object(fields, name, add));
  return checked(fields, "HostConfig");
}

} // namespace

result<void> read_block_io(object host, resource_limits& into) {
  json_fields fields(host);
  std::int64_t weight = 0;
  fields.read("BlkioWeight", weight, 0, 65535);
  GANTRY_TRY(checked(fields, "HostConfig"));
  GANTRY_TRY(check_weight(static_cast<std::uint64_t>(weight)));
  into.blkio_weight = static_cast<int>(weight);
  GANTRY_TRY(read_amounts(host, "BlkioWeightDevice", "Weight", into.blkio_weight_device));
  for (const auto& one : into.blkio_weight_device) GANTRY_TRY(check_weight(one.amount));
  GANTRY_TRY(read_amounts(host, "BlkioDeviceReadBps", "Rate", into.blkio_read_bps));
  GANTRY_TRY(read_amounts(host, "BlkioDeviceWriteBps", "Rate", into.blkio_write_bps));
  GANTRY_TRY(read_amounts(host, "BlkioDeviceReadIOps", "Rate", into.blkio_read_iops));
  return read_amounts(host, "BlkioDeviceWriteIOps", "Rate", into.blkio_write_iops);
}

} // namespace gantry::docker::parts
