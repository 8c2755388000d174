#include <boost/asio/experimental/awaitable_operators.hpp>

#include "api/docker/endpoints/endpoints.hpp"
#include "api/docker/parse/registry_auth.hpp"
#include "api/docker/render/pull_progress.hpp"
#include "api/docker/status.hpp"
#include "api/door/event_feed.hpp"
#include "api/door/new_id.hpp"

namespace gantry::docker::endpoints {
namespace {

using namespace asio::experimental::awaitable_operators;
constexpr std::chrono::hours longest_pull{24}; // stalls are the engine's to notice; slow progress is none

result<reference> name_of(const request& what) {
  auto name = what.parameters.get("fromImage"), tag = what.parameters.get("tag");
  if (name.empty()) return fail(errc::invalid_argument, "fromImage is missing: name the image to pull");
  // dockerd looks at the tag alone when both are there; a digest may stand in its place.
  if (!tag.empty()) name += (tag.find(':') == std::string::npos ? ":" : "@") + tag;
  return reference::parse(name);
}

result<pull_image> parse_pull(const request& what) {
  pull_image pull;
  pull.ns = docker_namespace;
  pull.pull_id = door::new_id();
  pull.client = what.client;
  GANTRY_LET(pull.name, name_of(what));
  pull.wanted = platform::host();
  if (auto platform_text = what.parameters.get("platform"); !platform_text.empty()) {
    GANTRY_LET(pull.wanted, platform::parse(platform_text));
  }
  GANTRY_LET(pull.login, parse_registry_auth(what.header("X-Registry-Auth")));
  return pull;
}

std::string progress_lines(const event_batch& batch, pull_progress& progress) {
  std::string out;
  for (const auto& e : batch.events)
    if (auto now = progress_of(e)) out += progress.lines(*now);
  return out;
}

/// Writes progress until the pull has ended or the client is gone. Only the waiting is given up halfway, never a write:
/// what `progress` counts as said was said, and no chunk is cut.
awaitable<void> show_progress(event_feed& feed, pending<pulled_image>& pull, pull_progress& progress, exchange& on) {
  while (!pull.answered()) {
    auto first = co_await (feed.next() || pull.ready() || on.until_gone());
    auto* batch = std::get_if<0>(&first);
    if (!batch || !*batch) co_return;
    if (!co_await on.write(progress_lines(**batch, progress))) co_return;
  }
}

std::string first_line(const reference& name) {
  return dump({{"status", "Pulling from " + name.repository}, {"id", name.target()}}) + "\n";
}

std::string last_lines(const reference& name, const result<pulled_image>& got) {
  if (!got) return error_line(got.error());
  auto out = status_line("Digest: " + got->manifest.str());
  auto status = got->changed ? "Status: Downloaded newer image for " : "Status: Image is up to date for ";
  return out + status_line(status + name.familiar());
}

} // namespace

awaitable<result<response>> image_create(context& door, const request& what, exchange& on) {
  if (what.parameters.has("fromSrc")) co_return co_await image_import(door, what, on);
  GANTRY_CO_TRY(co_await on.read_body()); // there is none; a client may say so in chunks
  GANTRY_CO_LET(auto pull, parse_pull(what));
  auto name = pull.name;
  auto pull_id = pull.pull_id;
  subscribe_events subscribe;
  subscribe.ns = docker_namespace;
  subscribe.only_pull = pull.pull_id;
  GANTRY_CO_LET(auto feed, co_await event_feed::open(door, door.actors.events, std::move(subscribe)));
  auto waiting = send_request<pulled_image>(door, door.actors.images, std::move(pull), longest_pull);
  response head;
  GANTRY_CO_TRY(co_await on.begin(head));
  GANTRY_CO_TRY(co_await on.write(first_line(name)));
  pull_progress progress;
  co_await show_progress(*feed, *waiting, progress, on);
  if (!waiting->answered()) { // the client is gone: the pull goes on only if somebody else waits for it
    tell(door.actors.images, abandon_pull{pull_id});
    co_return response();
  }
  auto got = co_await waiting->answer();
  std::string rest;
  if (got)
    for (const auto& layer : got->layers) rest += progress.lines(layer);
  GANTRY_CO_TRY(co_await on.write(rest));
  GANTRY_CO_TRY(co_await on.write(last_lines(name, got)));
  co_return response();
}

} // namespace gantry::docker::endpoints
