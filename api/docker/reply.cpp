#include "api/docker/reply.hpp"

#include <nlohmann/json.hpp>

namespace gantry::docker {

response json_response(std::string body, int status) {
  response made;
  made.status = status;
  made.body = std::move(body);
  made.body.push_back('\n'); // Go's encoder ends a document so; old clients wait for it
  return made;
}

response empty_response(int status) {
  response made;
  made.status = status;
  made.content_type.clear();
  return made;
}

response message_response(int status, std::string_view message) {
  nlohmann::ordered_json body{{"message", message}};
  // A runtime's words may hold any bytes; a reply with some replaced is better than none.
  return json_response(body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace), status);
}

response hijacked(const request& what, bool tty) {
  response head;
  // Who did not ask for an upgrade is an old client, which knows but the one type.
  head.content_type =
      tty || !what.wants_upgrade ? "application/vnd.docker.raw-stream" : "application/vnd.docker.multiplexed-stream";
  if (!what.wants_upgrade) return head;
  head.status = 101;
  head.headers = {{"Connection", "Upgrade"}, {"Upgrade", "tcp"}};
  return head;
}

} // namespace gantry::docker
