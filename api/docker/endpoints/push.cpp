#include <boost/asio/experimental/awaitable_operators.hpp>

#include "api/docker/endpoints/endpoints.hpp"
#include "api/docker/parse/registry_auth.hpp"
#include "api/docker/render/pull_progress.hpp"
#include "api/docker/render/push_progress.hpp"
#include "api/docker/status.hpp"
#include "api/door/new_id.hpp"

namespace gantry::docker::endpoints {
namespace {

using namespace asio::experimental::awaitable_operators;

/// The tag that is asked for; all of the repository's without one (docker push -a).
awaitable<result<std::vector<reference>>> to_push(context& door, const request& what) {
  GANTRY_CO_LET(auto name, reference::parse(what.subject));
  if (!name.content.empty()) co_return fail(errc::invalid_argument, "cannot push a digest reference");
  if (auto tag = what.parameters.get("tag"); !tag.empty()) {
    GANTRY_CO_LET(auto tagged, reference::parse(name.name() + ":" + tag));
    co_return std::vector{tagged};
  }
  list_images all{docker_namespace};
  GANTRY_CO_LET(auto images,
                co_await ask<gantry::image_list>(door, door.actors.images, std::move(all), deadline::inner));
  std::vector<reference> tagged;
  for (const auto& image : images.images)
    for (const auto& one : image.names)
      if (one.name.name() == name.name() && !one.name.tag.empty()) tagged.push_back(one.name);
  if (tagged.empty())
    co_return fail(errc::not_found, "An image does not exist locally with the tag: {}", name.familiar_name());
  co_return tagged;
}

std::string progress_lines(const event_batch& batch, push_progress& progress) {
  std::string out;
  for (const auto& e : batch.events)
    if (auto now = progress_of(e)) out += progress.lines(*now);
  return out;
}

/// As for a pull: until it has ended, or the client is gone.
awaitable<void> show_push(event_feed& feed, pending<pushed_image>& push, push_progress& progress, exchange& on) {
  while (!push.answered()) {
    auto first = co_await (feed.next() || push.ready() || on.until_gone());
    auto* batch = std::get_if<0>(&first);
    if (!batch || !*batch) co_return;
    if (!co_await on.write(progress_lines(**batch, progress))) co_return;
  }
}

/// False when nothing more is to be said: it failed and that was, or nobody is there.
awaitable<result<bool>> push_one(context& door, const push_image& wanted, exchange& on) {
  subscribe_events subscribe;
  subscribe.ns = docker_namespace;
  subscribe.only_pull = wanted.push_id;
  GANTRY_CO_LET(auto feed, co_await event_feed::open(door, door.actors.events, std::move(subscribe)));
  auto waiting = send_request<pushed_image>(door, door.actors.images, wanted, deadline::without_end);
  push_progress progress;
  co_await show_push(*feed, *waiting, progress, on);
  if (!waiting->answered()) {
    tell(door.actors.images, abandon_pull{wanted.push_id});
    co_return false;
  }
  auto got = co_await waiting->answer();
  std::string rest;
  if (got)
    for (const auto& layer : got->layers) rest += progress.lines(layer);
  rest += got ? push_end(wanted.name, *got) : error_line(got.error());
  GANTRY_CO_TRY(co_await on.write(rest));
  co_return got.has_value();
}

} // namespace

awaitable<result<response>> image_push(context& door, const request& what, exchange& on) {
  if (!what.parameters.get("platform").empty())
    co_return fail(errc::invalid_argument, "platform is not supported: what is here of an image is pushed");
  GANTRY_CO_LET(auto login, parse_registry_auth(what.header("X-Registry-Auth")));
  GANTRY_CO_LET(auto tagged, co_await to_push(door, what));
  find_image first{docker_namespace, tagged.front().str()}; // one that is not there is a 404
  auto found = co_await ask<found_image>(door, door.actors.images, std::move(first), deadline::inner);
  if (!found)
    co_return fail(errc::not_found, "An image does not exist locally with the tag: {}", tagged.front().familiar_name());
  response head;
  GANTRY_CO_TRY(co_await on.begin(head));
  GANTRY_CO_TRY(
      co_await on.write(status_line(fmt::format("The push refers to repository [{}]", tagged.front().name()))));
  for (auto& name : tagged) {
    push_image message{docker_namespace, std::move(name), login, gantry::door::new_id(), what.client};
    GANTRY_CO_LET(auto goes_on, co_await push_one(door, message, on));
    if (!goes_on) break;
  }
  co_return response();
}

} // namespace gantry::docker::endpoints
