#include "store/registry/token_desk.hpp"

#include "store/registry/error_body.hpp"

namespace gantry::store {

namespace {

constexpr std::size_t max_answer = 256u << 10;

token_desk::answer refuse(error reason) {
  return tl::unexpected<attempt_failure>(attempt_failure{std::move(reason), false, std::nullopt, 1});
}

std::string host_of(const std::string& url) {
  auto at = origin_of(url);
  return at ? at->host : printable(url, 100);
}

} // namespace

void token_desk::fetch(const token_request& wanted, std::uint64_t who, waiter tell) {
  auto [found, is_new] = requests_.try_emplace(wanted.key);
  found->second.waiters[who] = std::move(tell);
  if (!is_new) return;
  found->second.wanted = wanted;
  found->second.url = wanted.url;
  send(found->second);
}

// The request itself goes on: its token is kept for who asks next.
void token_desk::forget(std::uint64_t who) {
  for (auto& [key, one] : requests_) one.waiters.erase(who);
}

void token_desk::send(request& one) {
  auto made = request_to(one.url, rules_, options_);
  if (!made) return settle(token_key(one.wanted.key), refuse(std::move(made.error())));
  made->whole_timeout = options_.document_timeout;
  made->form = one.wanted.form;
  if (!made->form.empty()) made->method = "POST";
  // A redirect to somebody else takes no credentials along.
  if (!one.wanted.authorization.empty() && origin_of(one.url) == origin_of(one.wanted.url))
    made->headers.push_back("Authorization: " + one.wanted.authorization);
  one.body.clear();
  auto key = one.wanted.key;
  wire_.start(
      std::move(*made),
      [this, key](const response_head&, std::span<const char> bytes) {
        auto& body = requests_.at(key).body;
        if (bytes.size() > max_answer - body.size()) return taken::stop;
        body.append(bytes.data(), bytes.size());
        return taken::all;
      },
      [this, key](CURLcode code, exchange& what) { arrived(key, code, what); }, {});
}

void token_desk::follow(request& one, const std::string& location) {
  auto key = one.wanted.key;
  // A refresh token in a body must not be sent on, and a GET would not carry it.
  if (!one.wanted.form.empty() || ++one.redirects > max_redirects)
    return settle(key, refuse({errc::denied, "the token server redirects where we do not follow", 0}));
  auto next = resolve_url(one.url, location);
  auto from = origin_of(one.url);
  auto to = next ? origin_of(*next) : result<origin>(tl::unexpected<error>(next.error()));
  if (!to) return settle(key, refuse(std::move(to.error())));
  if (auto allowed = rules_.may_redirect(*from, *to); !allowed) return settle(key, refuse(std::move(allowed.error())));
  one.url = std::move(*next);
  send(one);
}

void token_desk::arrived(const token_key& key, CURLcode code, exchange& what) {
  auto& one = requests_.at(key);
  auto host = "token server " + host_of(one.url);
  auto status = what.head().status;
  if (code != CURLE_OK && status == 0)
    return settle(key, tl::unexpected<attempt_failure>(describe_transport_failure(code, what, host)));
  if (is_redirect(status)) return follow(one, what.head().location);
  if (status != 200) {
    auto failure = describe_status(what, host);
    if (status < 500 && !failure.retry) failure.reason.code = errc::denied;
    return settle(key, tl::unexpected<attempt_failure>(std::move(failure)));
  }
  if (code == CURLE_WRITE_ERROR)
    return settle(key, refuse({errc::denied, fmt::format("{} sends more than {} bytes", host, max_answer), 0}));
  if (code != CURLE_OK)
    return settle(key, tl::unexpected<attempt_failure>(describe_transport_failure(code, what, host)));
  auto fresh = parse_token_response(one.body);
  if (!fresh) return settle(key, refuse(std::move(fresh.error())));
  authorizer_.keep(key, *fresh, token_cache::clock::now());
  settle(key, "Bearer " + fresh->value);
}

void token_desk::settle(const token_key& key, const answer& outcome) {
  auto found = requests_.find(key);
  auto waiters = std::move(found->second.waiters);
  requests_.erase(found);
  for (auto& [who, tell] : waiters) tell(outcome);
}

} // namespace gantry::store
