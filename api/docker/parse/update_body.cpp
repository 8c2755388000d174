#include "api/docker/parse/update_body.hpp"

#include "api/docker/parse/parts.hpp"

namespace gantry::docker {
namespace {

constexpr std::string_view of_creation[] = {
    "CgroupParent",         "BlkioWeightDevice", "BlkioDeviceReadBps", "BlkioDeviceWriteBps", "BlkioDeviceReadIOps",
    "BlkioDeviceWriteIOps", "Devices",           "DeviceCgroupRules",  "DeviceRequests",      "MemorySwappiness",
    "OomKillDisable",       "Ulimits",
};

} // namespace

result<update_container> parse_update_body(std::string_view text) {
  simdjson::dom::parser parser;
  auto top = parse_object(parser, text);
  if (!top) return fail(errc::invalid_argument, "invalid JSON: {}", top.error().message);
  GANTRY_TRY(parts::refuse_unsupported(*top));
  for (auto [name, value] : *top)
    for (auto field : of_creation)
      if (parts::same_name(name, field) && parts::asks_for_something(value))
        return fail(errc::invalid_argument, "{} cannot be updated: it is of the container's creation", field);
  update_container made;
  GANTRY_TRY(parts::read_resources(*top, made.limits, parts::limits_of::update));
  json_fields fields(*top);
  auto policy = fields.object("RestartPolicy");
  GANTRY_TRY(parts::checked(fields, "the body"));
  if (!policy) return made;
  restart_policy restart;
  GANTRY_TRY(parts::read_restart(*policy, restart));
  std::string name;
  json_fields inner(*policy);
  inner.read("Name", name);
  if (!name.empty()) made.restart = restart;
  return made;
}

} // namespace gantry::docker
