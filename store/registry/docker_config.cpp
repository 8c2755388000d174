#include "store/registry/docker_config.hpp"

#include <simdjson.h>

#include "runtime/sys/files.hpp"
#include "store/registry/base64.hpp"

namespace gantry::store {

namespace {

namespace dom = simdjson::dom;

std::string text_of(const dom::object& object, const char* name) {
  std::string_view text;
  return object[name].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

/// One entry of "auths". `auth` is base64 of user:password; the user "<token>" says that the password is an identity
/// token.
result<credentials> parse_entry(const dom::object& entry, std::string_view server) {
  credentials found{text_of(entry, "username"), text_of(entry, "password"), text_of(entry, "identitytoken"),
                    text_of(entry, "registrytoken")};
  auto auth = text_of(entry, "auth");
  if (auth.empty()) return found;
  auto decoded = decode_base64(auth);
  auto colon = decoded ? decoded->find(':') : std::string::npos;
  if (colon == std::string::npos)
    return fail(errc::invalid_argument, "the \"auth\" of {} is not base64 of user:password; log in to it again",
                server);
  found.username = decoded->substr(0, colon);
  found.password = decoded->substr(colon + 1);
  while (found.password.ends_with('\0')) found.password.pop_back(); // as docker does: old versions padded it
  return found;
}

result<void> parse_auths(const dom::object& root, docker_config& into) {
  dom::object auths;
  if (root["auths"].get(auths) != simdjson::SUCCESS) return {};
  for (auto [server, value] : auths) {
    dom::object entry;
    if (value.get(entry) != simdjson::SUCCESS) continue;
    GANTRY_LET(auto found, parse_entry(entry, server));
    if (!found.anonymous()) into.auths.emplace(std::string(server), std::move(found));
  }
  return {};
}

/// "https://Host/v1/" and "host" are the same server in what `docker login` wrote over the years.
std::string_view bare_host(std::string_view server) {
  for (std::string_view scheme : {"https://", "http://"})
    if (server.starts_with(scheme)) server.remove_prefix(scheme.size());
  return server.substr(0, server.find('/'));
}

template<class Value>
const Value* find_server(const std::map<std::string, Value>& table, const std::string& key) {
  if (auto exact = table.find(key); exact != table.end()) return &exact->second;
  for (const auto& [server, value] : table)
    if (bare_host(server) == bare_host(key)) return &value;
  return nullptr;
}

/// github.com/docker/docker-credential-helpers, "Development": {"ServerURL", "Username", "Secret"}.
result<credentials> parse_helper_answer(const std::string& helper, const std::string& answer) {
  dom::parser parser;
  dom::object root;
  if (parser.parse(answer).get(root) != simdjson::SUCCESS)
    return fail(errc::invalid_argument, "docker-credential-{} did not answer with JSON", helper);
  auto user = text_of(root, "Username");
  auto secret = text_of(root, "Secret");
  if (user == "<token>") return credentials{"", "", std::move(secret), ""};
  return credentials{std::move(user), std::move(secret), "", ""};
}

result<credentials> ask_helper(const std::string& helper, const std::string& server, const run_credential_helper& run) {
  // The name becomes part of a program's name.
  if (helper.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") !=
      std::string::npos)
    return fail(errc::invalid_argument, "the docker config names a credential helper \"{}\", which is no plain name",
                helper);
  if (!run)
    return fail(errc::failed_precondition,
                "the credentials of {} are kept by docker-credential-{}, which cannot be run from here; "
                "log in with a plain config or give the credentials with the request",
                server, helper);
  GANTRY_LET(auto answer, run(helper, server));
  return parse_helper_answer(helper, answer);
}

} // namespace

result<docker_config> docker_config::parse(std::string_view json) {
  dom::parser parser;
  dom::object root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS)
    return fail(errc::invalid_argument, "the docker config is not a JSON object");
  docker_config config;
  GANTRY_TRY(parse_auths(root, config));
  dom::object helpers;
  if (root["credHelpers"].get(helpers) == simdjson::SUCCESS)
    for (auto [server, value] : helpers) {
      std::string_view helper;
      if (value.get(helper) == simdjson::SUCCESS) config.credential_helpers.emplace(server, helper);
    }
  config.credentials_store = text_of(root, "credsStore");
  return config;
}

result<docker_config> docker_config::load(const std::string& path) {
  auto content = sys::read_file(path, 1u << 20);
  if (!content && content.error().code == errc::not_found) return docker_config();
  if (!content) return tl::unexpected<error>(content.error());
  auto parsed = parse(*content);
  if (!parsed) return within(parsed.error(), "{}", path);
  return parsed;
}

std::string docker_config_path(const char* docker_config_variable, const std::string& home) {
  if (docker_config_variable != nullptr && *docker_config_variable != '\0')
    return std::string(docker_config_variable) + "/config.json";
  return home + "/.docker/config.json";
}

std::string credentials_key(const std::string& domain) {
  return domain == "docker.io" || domain == "index.docker.io" ? "https://index.docker.io/v1/" : domain;
}

result<credentials> find_credentials(const docker_config& config, const std::string& domain,
                                     const run_credential_helper& run) {
  auto key = credentials_key(domain);
  if (const auto* helper = find_server(config.credential_helpers, key)) return ask_helper(*helper, key, run);
  if (const auto* entry = find_server(config.auths, key)) return *entry;
  if (config.credentials_store.empty()) return credentials();
  return ask_helper(config.credentials_store, key, run);
}

} // namespace gantry::store
