#include <fnmatch.h>

#include <algorithm>
#include <optional>

#include "api/docker/endpoints/endpoints.hpp"
#include "api/docker/endpoints/find.hpp"
#include "api/docker/parse/filters.hpp"
#include "api/docker/parse/moment.hpp"
#include "api/docker/render/image.hpp"
#include "runtime/log/json_line.hpp"

namespace gantry::docker::endpoints {
namespace {

/// reference.FamiliarMatch: the pattern fits the whole name or the name without its tag.
bool fits(const std::string& pattern, const reference& name) {
  for (const auto& text : {name.familiar(), name.familiar_name()})
    if (::fnmatch(pattern.c_str(), text.c_str(), FNM_PATHNAME) == 0) return true;
  return false;
}

/// Leaves the names that the reference filter asks for; false when none is left.
bool keep_names(found_image& of, const filters& wanted) {
  if (!wanted.has("reference")) return true;
  std::erase_if(of.names, [&](const image_name& one) {
    const auto& patterns = wanted.of("reference");
    return std::none_of(patterns.begin(), patterns.end(), [&](const auto& p) { return fits(p, one.name); });
  });
  return !of.names.empty();
}

awaitable<result<found_image>> find_named(context& door, std::string name) {
  find_image wanted{docker_namespace, std::move(name)};
  co_return co_await ask<found_image>(door, door.actors.images, std::move(wanted), deadline::inner);
}

/// When the images were made between which the list is asked for, in nanoseconds since 1970.
struct span_of_time {
  std::optional<unix_nanos> before, after;
};

unix_nanos made_at(const image& of) { return log::parse_time(of.config.created).value_or(0); }

/// `before` and `since` name an image, `until` a moment.
awaitable<result<span_of_time>> span_of(context& door, const filters& wanted) {
  span_of_time made;
  auto earlier = [&made](unix_nanos moment) { made.before = std::min(made.before.value_or(moment), moment); };
  for (const auto& name : wanted.of("before")) {
    GANTRY_CO_LET(auto found, co_await find_named(door, name));
    earlier(made_at(*found.what));
  }
  for (const auto& name : wanted.of("since")) {
    GANTRY_CO_LET(auto found, co_await find_named(door, name));
    made.after = std::max(made.after.value_or(0), made_at(*found.what));
  }
  for (const auto& text : wanted.of("until")) {
    GANTRY_CO_LET(auto moment, parse_moment("until", text, now()));
    earlier(moment);
  }
  co_return made;
}

bool lies_in(const span_of_time& span, const image& of) {
  auto at = made_at(of);
  return (!span.before || at < *span.before) && (!span.after || at > *span.after);
}

} // namespace

awaitable<result<response>> image_list(context& door, const request& what, exchange&) {
  GANTRY_CO_LET(auto wanted, filters::parse(what.parameters.get("filters")));
  GANTRY_CO_TRY(wanted.check({"before", "dangling", "label", "label!", "reference", "since", "until"}));
  GANTRY_CO_LET(auto dangling, wanted.flag("dangling", false));
  GANTRY_CO_LET(auto span, co_await span_of(door, wanted));
  list_images all{docker_namespace};
  GANTRY_CO_LET(auto images,
                co_await ask<gantry::image_list>(door, door.actors.images, std::move(all), deadline::inner));
  auto& list = images.images;
  std::sort(list.begin(), list.end(),
            [](const auto& a, const auto& b) { return a.what->config.created > b.what->config.created; });
  json rows = json::array();
  for (auto& one : list) {
    if (wanted.has("dangling") && dangling != repo_tags(one.names).empty()) continue;
    if (!wanted.allows_labels(one.what->config.labels) || !lies_in(span, *one.what) || !keep_names(one, wanted))
      continue;
    rows.push_back(image_summary(one));
  }
  co_return json_response(dump(rows));
}

awaitable<result<response>> image_inspect(context& door, const request& what, exchange&) {
  GANTRY_CO_LET(auto found, co_await find_named(door, what.subject));
  co_return json_response(dump(docker::image_inspect(found)));
}

awaitable<result<response>> image_history(context& door, const request& what, exchange&) {
  GANTRY_CO_LET(auto found, co_await find_named(door, what.subject));
  co_return json_response(dump(docker::image_history(found)));
}

awaitable<result<response>> image_tag(context& door, const request& what, exchange&) {
  auto name = what.parameters.get("repo"), tag = what.parameters.get("tag");
  if (!tag.empty()) name += ":" + tag;
  GANTRY_CO_LET(auto target, reference::parse(name));
  if (!target.content.empty())
    co_return fail(errc::invalid_argument, "refusing to create a tag with a digest reference");
  tag_image message{docker_namespace, what.subject, std::move(target)};
  GANTRY_CO_TRY(co_await ask<done>(door, door.actors.images, std::move(message), deadline::inner));
  co_return empty_response(201);
}

awaitable<result<response>> image_delete(context& door, const request& what, exchange&) {
  remove_image message{docker_namespace, what.subject, what.parameters.flag("force")};
  GANTRY_CO_LET(auto removed,
                co_await ask<removed_image>(door, door.actors.images, std::move(message), deadline::whole));
  co_return json_response(dump(removal_report(removed)));
}

} // namespace gantry::docker::endpoints
