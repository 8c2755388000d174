#include <boost/asio/experimental/awaitable_operators.hpp>

#include "api/docker/archive_stream.hpp"
#include "api/docker/endpoints/endpoints.hpp"
#include "api/docker/parse/image_changes.hpp"
#include "api/docker/parse/target_name.hpp"
#include "api/docker/render/json.hpp"
#include "api/docker/render/pull_progress.hpp"
#include "api/docker/status.hpp"
#include "api/door/event_feed.hpp"
#include "api/door/new_id.hpp"
#include "api/door/pipe_end.hpp"

// docker save, docker load and docker import.
namespace gantry::docker::endpoints {
namespace {

using namespace asio::experimental::awaitable_operators;

/// What the engine has for one host is one platform of an image: another cannot be asked for.
result<void> check_platform(const request& what) {
  if (what.parameters.get("platform").empty()) return {};
  return fail(errc::invalid_argument, "platform is not supported: an image is here for the platform that it was pulled "
                                      "for; leave it out");
}

/// The names of one path, or of the query: once for each, or with commas.
result<std::vector<std::string>> names_in(const request& what) {
  if (!what.subject.empty()) return std::vector{what.subject};
  std::vector<std::string> found;
  for (const auto& text : what.parameters.all("names"))
    for (std::size_t at = 0; at <= text.size();) {
      auto end = std::min(text.find(',', at), text.size());
      if (end > at) found.push_back(text.substr(at, end - at));
      at = end + 1;
    }
  if (found.empty()) return fail(errc::invalid_argument, "names is missing: name the images to save");
  return found;
}

result<import_image> parse_import(const request& what) {
  import_image made;
  made.ns = docker_namespace;
  made.client = what.client;
  auto source = what.parameters.get("fromSrc");
  if (source != "-") made.url = source.find("://") == std::string::npos ? "http://" + source : source;
  GANTRY_LET(made.name, target_name(what.parameters));
  made.message = what.parameters.get("message");
  if (made.message.empty()) made.message = "Imported from " + (made.url.empty() ? source : made.url);
  made.target = platform::host();
  if (auto text = what.parameters.get("platform"); !text.empty()) {
    GANTRY_LET(made.target, platform::parse(text));
  }
  GANTRY_LET(made.changes, parse_image_changes(what.parameters.all("changes")));
  return made;
}

/// Writes progress until the import has ended or the client is gone, with a head from the first bytes on: what cannot
/// be had is a status of its own.
awaitable<void> show_download(const std::string& url, event_feed& feed, pending<made_image>& import, exchange& on) {
  while (!import.answered()) {
    auto first = co_await (feed.next() || import.ready() || on.until_gone());
    auto* batch = std::get_if<0>(&first);
    if (!batch || !*batch) co_return;
    std::string lines;
    for (const auto& e : (*batch)->events) lines += import_line(e);
    if (lines.empty()) continue;
    if (!on.begun()) {
      response head;
      if (!co_await on.begin(head)) co_return;
      lines = status_line("Downloading from " + url) + lines;
    }
    if (!co_await on.write(lines)) co_return;
  }
}

/// docker import URL.
awaitable<result<response>> import_from_url(context& door, import_image message, exchange& on) {
  GANTRY_CO_TRY(co_await on.read_body()); // there is none
  gantry::door::pipe_end alive(door);     // nothing comes through it; with its life the download ends
  message.from = alive.other();
  message.pull_id = gantry::door::new_id();
  subscribe_events subscribe;
  subscribe.ns = docker_namespace;
  subscribe.only_pull = message.pull_id;
  GANTRY_CO_LET(auto feed, co_await event_feed::open(door, door.actors.events, std::move(subscribe)));
  auto url = message.url;
  auto waiting = send_request<made_image>(door, door.actors.archives, std::move(message), deadline::without_end);
  co_await show_download(url, *feed, *waiting, on);
  if (!waiting->answered()) co_return response(); // the client is gone
  auto made = co_await waiting->answer();
  if (!made && !on.begun()) co_return tl::unexpected<error>(upload_error(made.error()));
  auto last = made ? status_line(made->id.str()) : error_line(upload_error(made.error()));
  if (on.begun()) {
    GANTRY_CO_TRY(co_await on.write(last));
    co_return response();
  }
  response answer;
  answer.body = std::move(last);
  co_return answer;
}

std::string loaded_lines(const loaded_images& loaded) {
  std::string lines;
  auto line = [&](const std::string& text) { lines += dump({{"stream", text + "\n"}}) + "\n"; };
  for (const auto& one : loaded.images) {
    if (one.names.empty()) line("Loaded image ID: " + one.id.str());
    for (const auto& name : one.names) line("Loaded image: " + name);
  }
  return lines;
}

} // namespace

awaitable<result<response>> image_save(context& door, const request& what, exchange& on) {
  GANTRY_CO_TRY(check_platform(what));
  GANTRY_CO_LET(auto asked, names_in(what));
  gantry::door::pipe_end archive(door);
  save_images message{docker_namespace, std::move(asked), archive.other(), what.client};
  auto waiting = send_request<done>(door, door.actors.archives, std::move(message), deadline::without_end);
  // No head before the first bytes: an image that is not there is a 404 of its own.
  GANTRY_CO_LET(auto part, co_await archive.next());
  response head;
  head.content_type = "application/x-tar";
  GANTRY_CO_TRY(co_await on.begin(head));
  while (!part.empty()) {
    GANTRY_CO_TRY(co_await write_in_time(door, on, part));
    GANTRY_CO_LET(part, co_await archive.next());
  }
  co_return response();
}

/// Nothing is said before the end, as only then it is known what is there: `quiet` changes nothing.
awaitable<result<response>> image_load(context& door, const request& what, exchange& on) {
  GANTRY_CO_TRY(check_platform(what));
  gantry::door::pipe_end archive(door);
  load_images message{docker_namespace, archive.other(), what.client};
  auto waiting = send_request<loaded_images>(door, door.actors.archives, std::move(message), deadline::without_end);
  (void)co_await archive.send_body(on); // whatever ended it, the engine's answer says it better
  auto loaded = co_await waiting->answer();
  response made;
  if (loaded) {
    made.body = loaded_lines(*loaded);
    co_return made;
  }
  auto why = upload_error(loaded.error());
  if (status_of(why) == 429) co_return tl::unexpected<error>(why);
  made.body = error_line(why); // of a 200, as dockerd says what is wrong with an archive
  co_return made;
}

awaitable<result<response>> image_import(context& door, const request& what, exchange& on) {
  GANTRY_CO_LET(auto message, parse_import(what));
  if (!message.url.empty()) co_return co_await import_from_url(door, std::move(message), on);
  gantry::door::pipe_end archive(door);
  message.from = archive.other();
  auto waiting = send_request<made_image>(door, door.actors.archives, std::move(message), deadline::without_end);
  (void)co_await archive.send_body(on); // as above
  auto made = co_await waiting->answer();
  if (!made) co_return tl::unexpected<error>(upload_error(made.error()));
  response answer;
  answer.body = status_line(made->id.str());
  co_return answer;
}

} // namespace gantry::docker::endpoints
