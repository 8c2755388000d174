#include "store/registry/conversation.hpp"

#include "store/registry/error_body.hpp"

namespace gantry::store {

conversation::conversation(registry_services shared, std::uint64_t id, const reference& from, credentials who,
                           payload& what, body_limit limit)
    : shared_(shared), id_(id), domain_(from.domain), access_{{}, from.repository, std::move(who), what.actions()},
      what_(what), limit_(limit) {}

void conversation::begin(listener done, std::function<void()> activity) {
  stop();
  done_ = std::move(done);
  activity_ = std::move(activity);
  restart();
}

void conversation::restart() {
  access_.registry = shared_.rules.base_url(domain_);
  what_.start_over();
  url_ = step_url_ = own_url();
  authorization_ = shared_.logins.header_for(access_, token_cache::clock::now());
  redirects_ = 0;
  asked_for_login_ = false;
  send();
}

std::string conversation::own_url() const {
  return access_.registry + "/v2/" + access_.repository + "/" + what_.path();
}

/// The next request of the same attempt. A registry may name another server for it, as by a redirect.
void conversation::step(const std::string& location) {
  redirects_ = 0;
  asked_for_login_ = false;
  url_ = step_url_;
  if (!location.empty()) return follow(location);
  url_ = step_url_ = own_url();
  send();
}

void conversation::stop() {
  shared_.tokens.forget(id_);
  if (current_ != nullptr) shared_.wire.drop(std::exchange(current_, nullptr));
  paused_ = false;
}

void conversation::unpause() {
  if (!std::exchange(paused_, false) || current_ == nullptr) return;
  shared_.wire.unpause(current_);
}

void conversation::send() {
  auto request = request_to(url_, shared_.rules, shared_.options);
  if (!request) return give_up(std::move(request.error()));
  request->headers = what_.begin();
  request->method = what_.method();
  request->body = what_.body();
  if (limit_ == body_limit::document_timeout) request->whole_timeout = shared_.options.document_timeout;
  // Never to another origin: that is where a redirect may lead.
  if (!authorization_.empty() && origin_of(url_) == origin_of(access_.registry))
    request->headers.push_back("Authorization: " + authorization_);
  current_ = shared_.wire.start(
      std::move(*request),
      [this](const response_head& head, std::span<const char> bytes) {
        auto verdict = what_.receive(head, bytes);
        paused_ = verdict == taken::pause;
        return verdict;
      },
      [this](CURLcode code, exchange& what) { arrived(code, what); }, activity_);
}

void conversation::arrived(CURLcode code, exchange& what) {
  current_ = nullptr;
  paused_ = false;
  auto status = what.head().status;
  if (code == CURLE_WRITE_ERROR && status >= 200 && status <= 299) { // our own word
    auto reason = what_.refusal();
    auto again = reason.code == errc::unavailable;
    return end(attempt_failure{std::move(reason), again, std::nullopt, 1});
  }
  // The status of an answer that is no success counts, whether or not all of its body came.
  if (code != CURLE_OK && (status < 300 || code != CURLE_WRITE_ERROR)) return transport_failed(code, what);
  judge_status(what);
}

void conversation::judge_status(exchange& what) {
  auto status = what.head().status;
  if (what_.is_answer(status)) return body_ended(what);
  bool keeps_method = status == 307 || status == 308;
  if (is_redirect(status) && (keeps_method || what_.method() == "GET" || what_.method() == "HEAD"))
    return redirect(what.head().location);
  if (status == 401 && origin_of(url_) == origin_of(access_.registry)) return authenticate(what);
  auto failure = describe_status(what, host());
  if (status == 416 && what_.without_range()) failure.retry = true;
  end(std::move(failure));
}

void conversation::body_ended(exchange& what) {
  auto complete = what_.complete(what.head());
  if (complete) {
    auto next = what_.next();
    return next ? step(next->location) : end(std::nullopt);
  }
  auto again = complete.error().code == errc::unavailable;
  end(attempt_failure{std::move(complete.error()), again, std::nullopt, 1});
}

// Docker's rule for registries without a certificate: HTTPS first, and plain HTTP when nobody speaks TLS there.
void conversation::transport_failed(CURLcode code, const exchange& what) {
  auto no_tls = code == CURLE_COULDNT_CONNECT || code == CURLE_SSL_CONNECT_ERROR || code == CURLE_OPERATION_TIMEDOUT;
  auto first_hop = url_.starts_with(access_.registry + "/");
  if (no_tls && first_hop && what.head().status == 0) {
    auto secure = url_.starts_with("https://");
    auto others_fell_back = secure && shared_.rules.base_url(domain_).starts_with("http://");
    if (others_fell_back || (secure && shared_.rules.fall_back_to_plain(domain_))) return restart();
    shared_.rules.forget(domain_);
  }
  end(describe_transport_failure(code, what, host()));
}

void conversation::redirect(const std::string& location) {
  if (++redirects_ > max_redirects)
    return give_up({errc::unavailable, fmt::format("{} redirects more than {} times", host(), max_redirects), 0});
  follow(location);
}

void conversation::follow(const std::string& location) {
  auto next = resolve_url(url_, location);
  if (!next) return give_up(std::move(next.error()));
  auto from = origin_of(url_);
  auto to = origin_of(*next);
  if (!to) return give_up(std::move(to.error()));
  if (auto allowed = shared_.rules.may_redirect(*from, *to); !allowed) return give_up(std::move(allowed.error()));
  url_ = std::move(*next);
  if (redirects_ == 0) step_url_ = url_;
  send();
}

void conversation::authenticate(const exchange& what) {
  if (asked_for_login_) return end(describe_status(what, host()));
  asked_for_login_ = true;
  auto next = shared_.logins.challenged(access_, what.head().challenges, authorization_, shared_.rules);
  if (!next) {
    auto failure = describe_status(what, host());
    failure.reason.message += ": " + next.error().message;
    return end(std::move(failure));
  }
  if (!next->fetch) return authorized(std::move(next->header));
  shared_.tokens.fetch(*next->fetch, id_, [this](token_desk::answer answer) { authorized(std::move(answer)); });
}

void conversation::authorized(token_desk::answer answer) {
  if (!answer) return end(std::move(answer.error()));
  authorization_ = std::move(*answer);
  // A login starts the way anew; the request that met the 401 may have been on its way by a redirect.
  url_ = step_url_;
  send();
}

void conversation::give_up(error reason) { end(attempt_failure{std::move(reason), false, std::nullopt, 1}); }

void conversation::end(outcome result) {
  auto done = std::move(done_);
  done_ = nullptr;
  if (done) done(std::move(result));
}

std::string conversation::host() const {
  auto at = origin_of(url_);
  if (!at) return domain_;
  auto usual = at->port == (at->scheme == "https" ? "443" : "80");
  return usual ? at->host : at->host + ":" + at->port;
}

} // namespace gantry::store
