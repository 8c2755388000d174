#include <boost/asio/experimental/awaitable_operators.hpp>

#include "api/docker/endpoints/endpoints.hpp"
#include "api/docker/endpoints/find.hpp"
#include "api/docker/parse/filters.hpp"
#include "api/docker/parse/moment.hpp"
#include "api/docker/render/event.hpp"
#include "api/door/event_feed.hpp"

namespace gantry::docker::endpoints {
namespace {

using namespace asio::experimental::awaitable_operators;

bool names_it(const filters& wanted, const std::string& filter, const event& e, event::subject type) {
  if (!wanted.has(filter)) return true;
  if (e.type != type) return false;
  auto name = e.attributes.find("name");
  for (const auto& one : wanted.of(filter)) {
    if (!one.empty() && (e.id == one || (one.size() >= 12 && e.id.starts_with(one)))) return true;
    if (name != e.attributes.end() && name->second == one) return true;
  }
  return false;
}

bool wants_image(const filters& wanted, const event& e) {
  if (!wanted.has("image")) return true;
  auto image = e.attributes.find(e.type == event::subject::container ? "image" : "name");
  return wanted.allows("image", e.id) || (image != e.attributes.end() && wanted.allows("image", image->second));
}

/// "exec_start: sh" is asked for as "exec_start".
bool wants_action(const filters& wanted, const event& e) {
  return wanted.allows("event", e.action) || wanted.allows("event", e.action.substr(0, e.action.find(':')));
}

bool wants(const filters& wanted, const event& e) {
  return e.type != event::subject::pull && wanted.allows("type", std::string(subject_name(e.type))) &&
         wants_action(wanted, e) && wants_image(wanted, e) && wanted.allows_labels(e.attributes) &&
         names_it(wanted, "container", e, event::subject::container) &&
         names_it(wanted, "volume", e, event::subject::volume) &&
         names_it(wanted, "network", e, event::subject::network) && wanted.allows("scope", "local");
}

struct bounds {
  unix_nanos since = 0, until = 0;
};

/// The lines of a batch; `over` when one past `until` was met.
std::string lines_of(const event_batch& batch, const filters& wanted, bounds when, bool& over) {
  std::string out;
  for (const auto& e : batch.events) {
    if (when.until != 0 && e.time > when.until) {
      over = true;
      break;
    }
    if (e.time >= when.since && wants(wanted, e)) out += dump(event_message(e)) + "\n";
  }
  if (batch.missed == 0) return out;
  event gap;
  gap.action = "missed";
  gap.attributes = {{"count", std::to_string(batch.missed)}};
  gap.time = now();
  auto line = event_message(gap);
  for (auto name : {"status", "id"}) line.erase(name);
  line["Type"] = "daemon";
  return dump(line) + "\n" + out;
}

awaitable<void> until_moment(context& door, unix_nanos when) {
  asio::steady_timer timer(door.home->io, asio::steady_timer::time_point::max());
  if (when != 0) timer.expires_after(std::chrono::nanoseconds(std::max<unix_nanos>(when - now(), 0)));
  co_await timer.async_wait(asio::as_tuple(use_awaitable));
}

awaitable<result<void>> send_all(context& door, event_feed& feed, const filters& wanted, bounds when, exchange& on) {
  bool past = true; // what is remembered comes first, then an empty batch, then what happens
  for (bool over = false; !over;) {
    // An event that has come is written before the end is looked at.
    result<event_batch> batch;
    if (past)
      batch = co_await feed.next();
    else {
      auto got = co_await (feed.next() || until_moment(door, when.until));
      if (got.index() == 1) co_return result<void>();
      batch = std::get<0>(std::move(got));
    }
    if (!batch) co_return tl::unexpected<error>(batch.error());
    if (batch->events.empty() && batch->missed == 0) past = false;
    auto lines = lines_of(*batch, wanted, when, over);
    if (!lines.empty()) GANTRY_CO_TRY(co_await on.write(lines));
  }
  co_return result<void>();
}

} // namespace

awaitable<result<response>> events(context& door, const request& what, exchange& on) {
  GANTRY_CO_LET(auto wanted, filters::parse(what.parameters.get("filters")));
  GANTRY_CO_TRY(wanted.check({"config", "container", "daemon", "event", "image", "label", "label!", "network", "node",
                              "plugin", "scope", "secret", "service", "type", "volume"}));
  bounds when;
  GANTRY_CO_LET(when.since, parse_moment("since", what.parameters.get("since"), now()));
  GANTRY_CO_LET(when.until, parse_moment("until", what.parameters.get("until"), now()));
  subscribe_events subscribe;
  subscribe.ns = docker_namespace;
  subscribe.since = when.since;
  GANTRY_CO_LET(auto feed, co_await event_feed::open(door, door.actors.events, std::move(subscribe)));
  response head;
  GANTRY_CO_TRY(co_await on.begin(head));
  auto ended = co_await (send_all(door, *feed, wanted, when, on) || on.until_gone());
  if (ended.index() == 0 && !std::get<0>(ended)) co_return tl::unexpected<error>(std::get<0>(ended).error());
  co_return response();
}

} // namespace gantry::docker::endpoints
