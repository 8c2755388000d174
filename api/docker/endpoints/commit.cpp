#include "api/docker/endpoints/endpoints.hpp"
#include "api/docker/endpoints/find.hpp"
#include "api/docker/parse/image_changes.hpp"
#include "api/docker/parse/parts.hpp"
#include "api/docker/parse/target_name.hpp"
#include "api/docker/render/json.hpp"
#include "messages/domain/changes_of.hpp"

// docker commit and docker diff.
namespace gantry::docker::endpoints {
namespace {

/// The body may be a container's Config; the changes of the query go over it.
result<image_changes> changes_in(const request& what) {
  GANTRY_LET(auto changes, parse_image_changes(what.parameters.all("changes")));
  if (what.body.empty() || what.body.starts_with("null")) return changes;
  simdjson::dom::parser parser;
  auto top = parse_object(parser, what.body);
  if (!top) return fail(errc::invalid_argument, "invalid JSON: {}", top.error().message);
  container_options options;
  GANTRY_TRY(parts::read_config(*top, options));
  return merged(changes_of(options), changes);
}

} // namespace

awaitable<result<response>> container_commit(context& door, const request& what, exchange&) {
  commit_container message;
  GANTRY_CO_LET(message.changes, changes_in(what));
  GANTRY_CO_LET(message.name, target_name(what.parameters));
  GANTRY_CO_LET(message.what, co_await find(door, what.parameters.get("container")));
  message.comment = what.parameters.get("comment");
  message.author = what.parameters.get("author");
  message.pause = what.parameters.flag("pause", true);
  message.client = what.client;
  GANTRY_CO_LET(auto made,
                co_await ask<made_image>(door, door.actors.archives, std::move(message), deadline::without_end));
  co_return json_response(dump({{"Id", made.id.str()}}), 201);
}

awaitable<result<response>> container_changes(context& door, const request& what, exchange&) {
  GANTRY_CO_LET(auto found, co_await find(door, what.subject));
  list_changes message{found.view, what.client};
  GANTRY_CO_LET(auto list,
                co_await ask<change_list>(door, door.actors.archives, std::move(message), deadline::without_end));
  json rows = json::array();
  for (const auto& one : *list) rows.push_back({{"Path", one.path}, {"Kind", static_cast<int>(one.what)}});
  co_return json_response(list->empty() ? "null" : dump(rows));
}

} // namespace gantry::docker::endpoints
