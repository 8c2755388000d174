#include <boost/asio/experimental/awaitable_operators.hpp>

#include "api/docker/archive_stream.hpp"
#include "api/docker/endpoints/endpoints.hpp"
#include "api/docker/endpoints/find.hpp"
#include "api/docker/render/file_info.hpp"
#include "api/docker/status.hpp"

namespace gantry::docker::endpoints {
namespace {

using namespace asio::experimental::awaitable_operators;

result<std::string> path_of(const request& what) {
  auto path = what.parameters.get("path");
  if (path.empty()) return fail(errc::invalid_argument, "bad parameter: path cannot be empty");
  if (path.find('\0') != std::string::npos) return fail(errc::invalid_argument, "bad parameter: path holds a NUL byte");
  return path;
}

response tar_head() {
  response head;
  head.content_type = "application/x-tar";
  return head;
}

} // namespace

awaitable<result<response>> container_archive_head(context& door, const request& what, exchange&) {
  GANTRY_CO_LET(auto path, path_of(what));
  GANTRY_CO_LET(auto found, co_await find(door, what.subject));
  look_at_file message{found, path};
  GANTRY_CO_LET(auto info, co_await ask_found<file_info>(door, found, door.actors.files, std::move(message),
                                                         deadline::without_end));
  auto head = empty_response(200);
  head.headers.emplace_back("X-Docker-Container-Path-Stat", path_stat_header(info));
  co_return head;
}

awaitable<result<response>> container_archive_get(context& door, const request& what, exchange& on) {
  GANTRY_CO_LET(auto path, path_of(what));
  GANTRY_CO_LET(auto found, co_await find(door, what.subject));
  pipe_end pipe(door);
  read_files message{found, path, pipe.other()};
  GANTRY_CO_LET(auto info, co_await ask_found<file_info>(door, found, door.actors.files, std::move(message),
                                                         deadline::without_end));
  auto head = tar_head();
  head.headers.emplace_back("X-Docker-Container-Path-Stat", path_stat_header(info));
  co_return co_await stream_archive(door, on, pipe, std::move(head));
}

awaitable<result<response>> container_archive_put(context& door, const request& what, exchange& on) {
  GANTRY_CO_LET(auto path, path_of(what));
  GANTRY_CO_LET(auto found, co_await find(door, what.subject));
  pipe_end pipe(door);
  write_files message{found, path, pipe.other(), what.parameters.flag("noOverwriteDirNonDir"),
                      what.parameters.flag("copyUIDGID")};
  auto unpacking = send_request<done>(door, door.actors.files, std::move(message), deadline::without_end);
  // What is refused needs not be sent to its end.
  co_await (pipe.send_body(on) || unpacking->ready());
  auto unpacked = co_await unpacking->answer();
  if (!unpacked) co_return tl::unexpected<error>(upload_error(unpacked.error()));
  co_return empty_response(200);
}

awaitable<result<response>> container_export(context& door, const request& what, exchange& on) {
  GANTRY_CO_LET(auto found, co_await find(door, what.subject));
  pipe_end pipe(door);
  export_files message{found, pipe.other()};
  GANTRY_CO_TRY(co_await ask_found<done>(door, found, door.actors.files, std::move(message), deadline::without_end));
  auto head = tar_head();
  co_return co_await stream_archive(door, on, pipe, std::move(head));
}

} // namespace gantry::docker::endpoints
