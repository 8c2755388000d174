#include "store/registry/url_source.hpp"

#include <pthread.h>
#include <signal.h>

#include <algorithm>

#include "store/registry/endpoint.hpp"
#include "store/registry/transport.hpp"

namespace gantry::store {

namespace {

constexpr std::chrono::milliseconds longest_wait{200}; // between two looks whether anybody still wants it

/// Host and port, as a message names them.
std::string server_of(const std::string& url) {
  auto at = origin_of(url);
  return at ? at->host + ":" + at->port : url;
}

/// Whether the server's word came whole, but for the text of what is no success, of which the exchange takes a part.
bool answered(CURLcode code, const exchange& what) {
  return code == CURLE_OK || (code == CURLE_WRITE_ERROR && what.head().status >= 300);
}

// OpenSSL writes to sockets without MSG_NOSIGNAL.
void block_sigpipe() {
  sigset_t pipe;
  ::sigemptyset(&pipe);
  ::sigaddset(&pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
}

} // namespace

result<std::unique_ptr<url_source>> url_source::open(const std::string& url, permission may_go_on,
                                                     download_limits limits) {
  block_sigpipe();
  std::unique_ptr<url_source> made(new url_source(std::move(may_go_on), limits));
  GANTRY_TRY(made->send(url));
  GANTRY_TRY(made->wait_for_bytes());
  return made;
}

result<void> url_source::send(const std::string& url) {
  GANTRY_LET(auto at, origin_of(url));
  url_ = url;
  active_ = clock::now();
  http_request request;
  request.url = url;
  request.direct = is_loopback(at.host); // as for registries: no proxy can reach it
  request.connect_timeout = limits_.connect_timeout;
  request.whole_timeout = limits_.whole_timeout;
  current_ = wire_.start(
      std::move(request),
      [this](const response_head& head, std::span<const char> bytes) { return receive(head, bytes); },
      [this](CURLcode code, exchange& what) { arrived(code, what); }, [this] { active_ = clock::now(); });
  return {};
}

taken url_source::receive(const response_head& head, std::span<const char> bytes) {
  paused_ = read_ < held_.size();
  if (paused_) return taken::pause;
  size_ = head.length;
  received_ += bytes.size();
  if (std::max(received_, size_.value_or(0)) > limits_.max_bytes) {
    outcome_ = fail(errc::exhausted, "{} has more than {} bytes", url_, limits_.max_bytes);
    return taken::stop;
  }
  held_.assign(bytes.data(), bytes.size());
  read_ = 0;
  return taken::all;
}

void url_source::arrived(CURLcode code, exchange& what) {
  current_ = nullptr;
  if (outcome_) return; // our own word
  if (!answered(code, what) || !is_redirect(what.head().status))
    outcome_ = judge(code, what);
  else if (auto sent = follow(what.head().location); !sent)
    outcome_ = std::move(sent);
}

result<void> url_source::follow(const std::string& location) {
  if (++redirects_ > max_redirects)
    return fail(errc::unavailable, "{} redirects more than {} times", server_of(url_), max_redirects);
  GANTRY_LET(auto next, resolve_url(url_, location));
  if (url_.starts_with("https:") && !next.starts_with("https:"))
    return fail(errc::denied, "{} redirects from https to {}, which could be read and changed on the way",
                server_of(url_), next);
  return send(next);
}

result<void> url_source::judge(CURLcode code, const exchange& what) const {
  if (answered(code, what) && what.head().status >= 300)
    return tl::unexpected<error>(describe_status(what, server_of(url_)).reason);
  if (code == CURLE_OK) return {};
  if (code == CURLE_PEER_FAILED_VERIFICATION)
    return fail(errc::unavailable, "{}: its certificate is not trusted ({}): add its CA to the system's",
                server_of(url_), what.reason(code));
  return tl::unexpected<error>(describe_transport_failure(code, what, server_of(url_)).reason);
}

/// Returns with bytes held, or at the end with none.
result<void> url_source::wait_for_bytes() {
  while (read_ == held_.size() && !outcome_) {
    GANTRY_TRY(may_go_on_());
    if (std::exchange(paused_, false)) {
      active_ = clock::now(); // the reader's own time is no silence
      wire_.unpause(current_);
    }
    wire_.perform();
    if (read_ < held_.size() || outcome_) break;
    wire_.wait(longest_wait);
    if (clock::now() - active_ > limits_.stall_timeout)
      return fail(errc::timeout, "{}: not a byte came for {} s", server_of(url_),
                  std::chrono::ceil<std::chrono::seconds>(limits_.stall_timeout).count());
  }
  return read_ < held_.size() ? result<void>() : *outcome_;
}

result<std::size_t> url_source::read(std::span<char> into) {
  GANTRY_TRY(wait_for_bytes());
  auto count = std::min(into.size(), held_.size() - read_);
  std::copy_n(held_.data() + read_, count, into.data());
  read_ += count;
  return count;
}

} // namespace gantry::store
