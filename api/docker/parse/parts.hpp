#pragma once

#include "messages/domain/container.hpp"
#include "messages/domain/json_fields.hpp"

/// The parts of parse_create_body, each of which reads its fields of one JSON object. Errors: invalid_argument.
namespace gantry::docker::parts {

using simdjson::dom::object;

result<void> read_config(object config, container_options& into);
result<void> read_host_config(object host, container_options& into);
/// ConsoleSize: [height, width].
result<void> read_console(json_fields& fields, console_size& into);
result<void> read_restart(object policy, restart_policy& into);
result<void> read_log(object config, log_config& into);
/// "10m", "1g", "512": bytes, as go-units' RAMInBytes reads them.
result<std::int64_t> parse_size(std::string_view text);
/// What a body's limits are for: an update's leave out what is to stay.
enum class limits_of : std::uint8_t { creation, update };
result<void> read_resources(object host, resource_limits& into, limits_of what);
result<void> read_block_io(object host, resource_limits& into);
result<void> read_devices(object host, container_options& into); ///< and ulimits
result<void> read_device_requests(object host, container_options& into);
result<void> read_mounts(object host, container_options& into);
result<void> read_ports(object host, container_options& into);
/// "80/tcp", "80", or a range of them, "80-90/tcp".
result<void> check_exposed_port(std::string_view text);
result<void> read_networking(object networking, container_options& into);
/// What `driver_options` say, which are there already.
result<void> read_driver_options(endpoint_options& into);
/// What the engine cannot do, if it is asked for.
result<void> refuse_unsupported(object host);

/// Whether a value asks for anything: not null, "", 0, false, [] or {}.
bool asks_for_something(simdjson::dom::element value);
/// Whether two fields' names are the same to Go's JSON: letters of both cases are.
bool same_name(std::string_view a, std::string_view b);

/// `status` of the fields of `where`, as an error of the request.
result<void> checked(const json_fields& fields, std::string_view where);

/// Each object of the array `name`; an element of another kind is refused.
template<class F>
result<void> for_each_object(json_fields& fields, std::string_view name, F f) {
  auto list = fields.array(name);
  if (!list) return {};
  for (auto element : *list) {
    object one;
    if (element.get(one) != simdjson::SUCCESS)
      return fail(errc::invalid_argument, "invalid JSON: \"{}\" holds something that is not an object", name);
    GANTRY_TRY(f(one));
  }
  return {};
}

/// Each string of an array that must hold nothing else.
result<std::vector<std::string>> strings_of(simdjson::dom::array list, std::string_view name);

} // namespace gantry::docker::parts
