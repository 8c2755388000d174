#include "store/registry/authorizer.hpp"

#include <algorithm>

#include "store/registry/base64.hpp"
#include "store/registry/error_body.hpp"

namespace gantry::store {

namespace {

constexpr std::size_t max_remembered = 10000;

std::string basic(const credentials& who) {
  if (who.username.empty() && who.password.empty()) return {};
  return "Basic " + encode_base64(who.username + ":" + who.password);
}

token_key key_of(const repository_access& to, const challenge& asked) {
  auto scope = asked.parameter("scope");
  if (scope.empty()) scope = "repository:" + to.repository + ":" + to.actions;
  return {to.registry, asked.parameter("realm"), asked.parameter("service"), std::move(scope), fingerprint(to.who)};
}

/// The first bearer challenge, else the first basic one: a token says less than a password.
std::optional<challenge> preferred(const std::vector<std::string>& headers) {
  std::optional<challenge> chosen;
  for (const auto& header : headers)
    for (auto& one : parse_challenges(header)) {
      if (one.scheme == "bearer" && !one.parameter("realm").empty()) return one;
      if (one.scheme == "basic" && !chosen) chosen = std::move(one);
    }
  return chosen;
}

result<void> check_realm(const std::string& realm, const repository_access& to, const endpoints& rules) {
  GANTRY_LET(auto at, origin_of(realm));
  if (at.scheme == "https") return {};
  if (to.registry.starts_with("http://") &&
      (rules.may_be_plain(at.host + ":" + at.port) || rules.may_be_plain(at.host)))
    return {};
  return fail(errc::denied, "the registry sends us for a token to {}, without TLS: refused", printable(realm, 200));
}

} // namespace

std::string authorizer::header_for(const repository_access& to, token_cache::clock::time_point now) const {
  // A token from outside must not smuggle in headers of its own; what is left out, the registry refuses.
  if (!to.who.registry_token.empty())
    return is_header_safe(to.who.registry_token) ? "Bearer " + to.who.registry_token : std::string();
  auto asked = asked_.find({to.registry, to.repository});
  if (asked == asked_.end()) return {};
  if (asked->second.scheme == "basic") return basic(to.who);
  auto value = tokens_.get(key_of(to, asked->second), now);
  return value ? "Bearer " + *value : std::string();
}

result<token_request> authorizer::bearer(const repository_access& to, const challenge& asked,
                                         const endpoints& rules) const {
  GANTRY_TRY(check_realm(asked.parameter("realm"), to, rules));
  token_request request{key_of(to, asked), asked.parameter("realm"), {}, {}};
  std::vector<std::pair<std::string, std::string>> fields;
  if (!request.key.service.empty()) fields.emplace_back("service", request.key.service);
  fields.emplace_back("scope", request.key.scope);
  if (!to.who.identity_token.empty()) {
    fields.emplace_back("grant_type", "refresh_token");
    fields.emplace_back("client_id", "gantry");
    fields.emplace_back("refresh_token", to.who.identity_token);
    request.form = encode_form(fields);
    return request;
  }
  if (!to.who.username.empty()) fields.emplace_back("account", to.who.username);
  request.authorization = basic(to.who);
  GANTRY_LET(request.url, add_query(request.url, fields));
  return request;
}

result<authentication> authorizer::challenged(const repository_access& to, const std::vector<std::string>& headers,
                                              const std::string& sent, const endpoints& rules) {
  auto asked = preferred(headers);
  if (!asked) return fail(errc::denied, "the registry wants a login of a kind that Gantry does not know");
  if (!to.who.registry_token.empty()) return fail(errc::denied, "the registry does not accept the token");
  if (asked_.size() >= max_remembered) asked_.clear();
  asked_[{to.registry, to.repository}] = *asked;
  if (asked->scheme == "basic") {
    authentication answer{basic(to.who), std::nullopt};
    if (answer.header.empty()) return fail(errc::denied, "the registry wants a user and password: log in to it");
    if (answer.header == sent) return fail(errc::denied, "the registry does not accept the user and password");
    return answer;
  }
  GANTRY_LET(auto fetch, bearer(to, *asked, rules));
  // Another transfer may have fetched the token while this one's request was under way.
  auto known = tokens_.get(fetch.key, token_cache::clock::now());
  if (known && sent != "Bearer " + *known) return authentication{"Bearer " + *known, std::nullopt};
  tokens_.drop(fetch.key);
  return authentication{{}, std::move(fetch)};
}

void authorizer::keep(const token_key& key, const token& fresh, token_cache::clock::time_point now) {
  tokens_.put(key, fresh, now);
}

} // namespace gantry::store
