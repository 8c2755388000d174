#include "api/docker/parse/create_body.hpp"

#include <algorithm>

#include "api/docker/parse/network_body.hpp"
#include "api/docker/parse/parts.hpp"
#include "messages/domain/quote.hpp"

namespace gantry::docker {
namespace {

result<void> check_whole(const container_options& options) {
  if (options.image.empty()) return fail(errc::invalid_argument, "no image specified: set \"Image\"");
  if (options.auto_remove && options.restart.name != restart_policy::kind::no)
    return fail(errc::invalid_argument, "can't create 'AutoRemove' container with restart policy");
  if (!options.ports.empty() && options.network_mode.starts_with("container:"))
    return fail(errc::invalid_argument, "conflicting options: port publishing and the container type network mode");
  if (!options.hostname.empty() && options.uts_mode == "host")
    return fail(errc::invalid_argument, "conflicting options: hostname and the UTS mode");
  if (!options.hostname.empty() && options.network_mode.starts_with("container:"))
    return fail(errc::invalid_argument, "conflicting options: hostname and the network mode");
  for (std::size_t i = 0; i < options.mounts.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (options.mounts[i].target == options.mounts[j].target)
        return fail(errc::invalid_argument, "Duplicate mount point: {}", options.mounts[i].target);
  return {};
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

} // namespace

result<container_options> parse_create_body(std::string_view text) {
  simdjson::dom::parser parser;
  auto top = parse_object(parser, text);
  if (!top) return fail(errc::invalid_argument, "invalid JSON: {}", top.error().message);
  container_options options;
  GANTRY_TRY(parts::read_config(*top, options));
  json_fields fields(*top);
  if (auto host = fields.object("HostConfig")) {
    GANTRY_TRY(parts::refuse_unsupported(*host));
    GANTRY_TRY(parts::read_host_config(*host, options));
    GANTRY_TRY(parts::read_resources(*host, options.resources, parts::limits_of::creation));
    GANTRY_TRY(parts::read_devices(*host, options));
    GANTRY_TRY(parts::read_device_requests(*host, options));
    GANTRY_TRY(parts::read_mounts(*host, options));
    GANTRY_TRY(parts::read_ports(*host, options));
  }
  if (auto networking = fields.object("NetworkingConfig")) GANTRY_TRY(parts::read_networking(*networking, options));
  GANTRY_TRY(parts::checked(fields, "the body"));
  GANTRY_TRY(settle_networks(options));
  GANTRY_TRY(check_whole(options));
  return options;
}

result<void> check_container_name(std::string_view name) {
  if (name.starts_with('/')) name.remove_prefix(1);
  bool good = name.size() >= 2 && name.size() <= 255 && std::all_of(name.begin(), name.end(), is_name_character) &&
              name.front() != '_' && name.front() != '.' && name.front() != '-';
  if (good) return {};
  return fail(errc::invalid_argument, "Invalid container name ({}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", name);
}

namespace parts {

result<void> checked(const json_fields& fields, std::string_view where) {
  auto status = fields.status();
  if (status) return {};
  return fail(errc::invalid_argument, "invalid JSON: in {}: {}", where, status.error().message);
}

result<std::vector<std::string>> strings_of(simdjson::dom::array list, std::string_view name) {
  std::vector<std::string> out;
  for (auto element : list) {
    std::string_view text;
    if (element.get(text) != simdjson::SUCCESS || text.find('\0') != std::string_view::npos)
      return fail(errc::invalid_argument, "invalid JSON: \"{}\" holds something that is not a string", name);
    out.emplace_back(text);
  }
  return out;
}

} // namespace parts
} // namespace gantry::docker
