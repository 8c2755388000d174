#include "api/docker/endpoints/endpoints.hpp"
#include "api/docker/endpoints/find.hpp"
#include "api/docker/endpoints/resolve_modes.hpp"
#include "api/docker/parse/create_body.hpp"
#include "api/docker/render/json.hpp"

// What Gantry answers and dockerd does not.
namespace gantry::docker::endpoints {

/// The body of containers/create; answers the config.json that it would make, and where each field came from.
awaitable<result<response>> spec(context& door, const request& what, exchange&) {
  GANTRY_CO_LET(auto options, parse_create_body(what.body));
  GANTRY_CO_TRY(co_await resolve_modes(door, options));
  explain_spec message{docker_namespace, std::move(options)};
  GANTRY_CO_LET(auto got, co_await ask<explained_spec>(door, door.engine, std::move(message), deadline::inner));
  json made;
  made["config"] = json::parse(got.config_json, nullptr, false);
  if (made["config"].is_discarded()) co_return fail(errc::internal, "the engine's config.json is not JSON");
  made["notes"] = json::array();
  for (const auto& note : got.notes)
    made["notes"].push_back({{"pointer", note.pointer}, {"origin", note.origin}, {"why", note.why}});
  made["warnings"] = got.warnings;
  co_return json_response(dump(made));
}

awaitable<result<response>> activity(context& door, const request&, exchange&) {
  GANTRY_CO_LET(auto got, co_await ask<gantry::activity>(door, door.engine, ask_activity{}, deadline::inner));
  co_return json_response(dump({{"containers_running", got.containers_running}, {"operations", got.operations}}));
}

} // namespace gantry::docker::endpoints
