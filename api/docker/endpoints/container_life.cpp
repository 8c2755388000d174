#include <cerrno>

#include "api/docker/endpoints/container_event.hpp"
#include "api/docker/endpoints/endpoints.hpp"
#include "api/docker/endpoints/find.hpp"
#include "api/docker/parse/create_body.hpp"
#include "api/docker/parse/update_body.hpp"
#include "api/docker/render/json.hpp"
#include "api/docker/status.hpp"

namespace gantry::docker::endpoints {
namespace {

/// A stop may take as long as the container's own time-out says.

result<stop_container> parse_stop(const request& what) {
  stop_container stop;
  stop.signal = what.parameters.get("signal");
  GANTRY_LET(auto seconds, what.parameters.number("t"));
  if (seconds && (*seconds < INT32_MIN || *seconds > INT32_MAX))
    return fail(errc::invalid_argument, "t={}: no such number of seconds can be waited for", *seconds);
  if (seconds) stop.timeout = static_cast<int>(*seconds);
  return stop;
}

awaitable<result<done>> start(context& door, const found_container& found, std::string client) {
  start_container message{std::move(client)};
  auto got = co_await ask_found<done>(door, found, found.sandbox, std::move(message), deadline::whole);
  if (!got) co_return tl::unexpected<error>(start_error(got.error()));
  co_return got;
}

} // namespace

awaitable<result<response>> container_start(context& door, const request& what, exchange&) {
  GANTRY_CO_LET(auto found, co_await find(door, what.subject));
  GANTRY_CO_TRY(co_await start(door, found, what.client));
  co_return empty_response();
}

awaitable<result<response>> container_stop(context& door, const request& what, exchange&) {
  GANTRY_CO_LET(auto message, parse_stop(what));
  co_return co_await ask_named(door, what, std::move(message), deadline::without_end);
}

awaitable<result<response>> container_restart(context& door, const request& what, exchange&) {
  GANTRY_CO_LET(auto message, parse_stop(what));
  GANTRY_CO_LET(auto found, co_await find(door, what.subject));
  auto stopped = co_await ask_found<done>(door, found, found.container, std::move(message), deadline::without_end);
  if (!stopped && stopped.error().os_errno != EALREADY) co_return tl::unexpected<error>(stopped.error());
  GANTRY_CO_TRY(co_await start(door, found, what.client));
  tell_event(door, *found.view, "restart");
  co_return empty_response();
}

awaitable<result<response>> container_kill(context& door, const request& what, exchange&) {
  kill_container message;
  if (auto signal = what.parameters.get("signal"); !signal.empty()) message.signal = signal;
  co_return co_await ask_named(door, what, std::move(message), deadline::launch);
}

awaitable<result<response>> container_pause(context& door, const request& what, exchange&) {
  co_return co_await ask_named(door, what, pause_container{}, deadline::launch);
}

awaitable<result<response>> container_unpause(context& door, const request& what, exchange&) {
  co_return co_await ask_named(door, what, unpause_container{}, deadline::launch);
}

awaitable<result<response>> container_rename(context& door, const request& what, exchange&) {
  auto name = what.parameters.get("name");
  if (name.empty()) co_return fail(errc::invalid_argument, "Neither old nor new names may be empty");
  GANTRY_CO_TRY(check_container_name(name));
  if (name.starts_with('/')) name.erase(0, 1);
  rename_container message{std::move(name)};
  co_return co_await ask_named(door, what, std::move(message), deadline::inner);
}

awaitable<result<response>> container_delete(context& door, const request& what, exchange&) {
  if (what.parameters.flag("link"))
    co_return fail(errc::invalid_argument, "links are not supported: there is none to remove");
  remove_container message;
  message.force = what.parameters.flag("force");
  message.volumes = what.parameters.flag("v");
  co_return co_await ask_named(door, what, message, deadline::whole);
}

awaitable<result<response>> container_resize(context& door, const request& what, exchange&) {
  GANTRY_CO_LET(auto height, what.parameters.number("h"));
  GANTRY_CO_LET(auto width, what.parameters.number("w"));
  if (!height || !width || *height < 0 || *width < 0 || *height > UINT16_MAX || *width > UINT16_MAX)
    co_return fail(errc::invalid_argument, "h and w are the terminal's rows and columns, of 0 to 65535 each");
  resize_container message{"", static_cast<std::uint16_t>(*height), static_cast<std::uint16_t>(*width)};
  GANTRY_CO_LET(auto found, co_await find(door, what.subject));
  GANTRY_CO_TRY(co_await ask_found<done>(door, found, found.container, std::move(message), deadline::launch));
  tell_event(door, *found.view, "resize", {{"height", std::to_string(*height)}, {"width", std::to_string(*width)}});
  co_return empty_response(200);
}

awaitable<result<response>> container_update(context& door, const request& what, exchange&) {
  GANTRY_CO_LET(auto message, parse_update_body(what.body));
  GANTRY_CO_LET(auto found, co_await find(door, what.subject));
  GANTRY_CO_LET(auto got,
                co_await ask_found<updated>(door, found, found.container, std::move(message), deadline::whole));
  co_return json_response(dump({{"Warnings", or_null(got.warnings)}}));
}

} // namespace gantry::docker::endpoints
