#include "api/docker/parse/registry_auth.hpp"

#include "messages/domain/json_fields.hpp"

namespace gantry::docker {
namespace {

int value_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '-' || c == '+') return 62;
  if (c == '_' || c == '/') return 63;
  return -1;
}

/// RFC 4648, sections 4 and 5, padded or not: clients differ.
std::optional<std::string> decode(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (char c : text) {
    auto value = value_of(c);
    if (value < 0) return std::nullopt;
    bits = ((bits << 6U) | static_cast<std::uint32_t>(value)) & 0xFFFFFFU;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push_back(static_cast<char>((bits >> static_cast<unsigned>(count)) & 0xFFU));
  }
  return out;
}

} // namespace

result<registry_login> parse_registry_auth(std::string_view header) {
  registry_login login;
  if (header.empty()) return login;
  auto json = decode(header);
  if (!json) return fail(errc::invalid_argument, "X-Registry-Auth is not base64");
  if (json->empty() || *json == "null") return login;
  simdjson::dom::parser parser;
  auto top = parse_object(parser, *json);
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
