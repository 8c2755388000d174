#include "api/docker/parse/registry_auth.hpp"

#include "messages/domain/base64.hpp"
#include "messages/domain/json_fields.hpp"

namespace gantry::docker {
result<registry_login> parse_registry_auth(std::string_view header) {
  registry_login login;
  if (header.empty()) return login;
  auto text = decode_base64(header);
  if (!text) return fail(errc::invalid_argument, "X-Registry-Auth is not base64");
  if (text->empty() || *text == "null") return login;
  simdjson::dom::parser parser;
  auto top = parse_object(parser, *text);
  // What it holds is secret: no part of it goes into a message.
  if (!top) return fail(errc::invalid_argument, "X-Registry-Auth does not hold a JSON object");
  json_fields fields(*top);
  fields.read("username", login.username);
  fields.read("password", login.password);
  fields.read("identitytoken", login.identity_token);
  fields.read("registrytoken", login.registry_token);
  if (!fields.status()) return fail(errc::invalid_argument, "X-Registry-Auth: {}", fields.status().error().message);
  return login;
}

} // namespace gantry::docker
