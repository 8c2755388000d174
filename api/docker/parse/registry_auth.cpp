#include "api/docker/parse/registry_auth.hpp"

#include "messages/domain/base64.hpp"
#include "messages/domain/json_fields.hpp"

namespace gantry::docker {
namespace {

/// What it holds is secret: no part of it goes into a message.
result<registry_login> read_login(std::string_view text, std::string_view where) {
  simdjson::dom::parser parser;
  auto top = parse_object(parser, text);
  if (!top) return fail(errc::invalid_argument, "{} does not hold a JSON object", where);
  json_fields fields(*top);
  registry_login login;
  fields.read("username", login.username);
  fields.read("password", login.password);
  fields.read("identitytoken", login.identity_token);
  fields.read("registrytoken", login.registry_token);
  if (!fields.status()) return fail(errc::invalid_argument, "{}: {}", where, fields.status().error().message);
  return login;
}

} // namespace

result<registry_login> parse_registry_auth(std::string_view header) {
  registry_login login;
  if (header.empty()) return login;
  auto text = decode_base64(header);
  if (!text) return fail(errc::invalid_argument, "X-Registry-Auth is not base64");
  if (text->empty() || *text == "null") return login;
  return read_login(*text, "X-Registry-Auth");
}

result<registry_login> parse_auth_body(std::string_view body) { return read_login(body, "the body"); }

} // namespace gantry::docker
