#include "api/docker/archive_stream.hpp"
#include "api/docker/endpoints/endpoints.hpp"
#include "api/docker/parse/image_changes.hpp"
#include "api/docker/parse/target_name.hpp"
#include "api/docker/render/json.hpp"
#include "api/docker/render/pull_progress.hpp"
#include "api/docker/status.hpp"
#include "api/door/pipe_end.hpp"

// docker save, docker load and docker import.
namespace gantry::docker::endpoints {
namespace {

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
  if (what.parameters.get("fromSrc") != "-")
    return fail(errc::invalid_argument,
                "fromSrc: a URL is not supported: download the archive, and send it as the body "
                "(docker import - NAME < FILE)");
  import_image made;
  made.ns = docker_namespace;
  made.client = what.client;
  GANTRY_LET(made.name, target_name(what.parameters));
  made.message = what.parameters.get("message");
  if (made.message.empty()) made.message = "Imported from -";
  made.target = platform::host();
  if (auto text = what.parameters.get("platform"); !text.empty()) {
    GANTRY_LET(made.target, platform::parse(text));
  }
  GANTRY_LET(made.changes, parse_image_changes(what.parameters.all("changes")));
  return made;
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
