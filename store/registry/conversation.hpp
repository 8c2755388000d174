#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "messages/domain/reference.hpp"
#include "store/registry/authorizer.hpp"
#include "store/registry/exchanges.hpp"
#include "store/registry/payload.hpp"
#include "store/registry/token_desk.hpp"
#include "store/registry/transport.hpp"

namespace gantry::store {

/// What all conversations share.
struct registry_services {
  const client_options& options;
  exchanges& wire;
  endpoints& rules;
  authorizer& logins;
  token_desk& tokens;
};

/// One attempt after another to get one payload: the first request, redirects, a login where it is asked for, the body.
/// It decides nothing about when; that is the queue's. One thread.
class conversation {
public:
  /// Empty: the payload is there. Called once per begin(), and not from within it.
  using outcome = std::optional<attempt_failure>;
  using listener = std::function<void(outcome)>;
  enum class body_limit : std::uint8_t { none, document_timeout };

  conversation(registry_services shared, std::uint64_t id, const reference& from, credentials who, payload& what,
               body_limit limit);
  conversation(const conversation&) = delete;
  conversation& operator=(const conversation&) = delete;
  ~conversation() { stop(); }

  /// Starts an attempt, from the registry's own URL. `activity` is called for each sign of life.
  void begin(listener done, std::function<void()> activity);
  /// Ends it without an outcome.
  void stop();

  [[nodiscard]] bool paused() const { return paused_; }
  /// Gives a paused body on.
  void unpause();

private:
  void restart();
  void step(const std::string& location);
  [[nodiscard]] std::string own_url() const;
  void send();
  void arrived(CURLcode code, exchange& what);
  void judge_status(exchange& what);
  void body_ended(exchange& what);
  void transport_failed(CURLcode code, const exchange& what);
  void redirect(const std::string& location);
  void follow(const std::string& location);
  void authenticate(const exchange& what);
  void authorized(token_desk::answer answer);
  void end(outcome result);
  void give_up(error reason);
  [[nodiscard]] std::string host() const;

  registry_services shared_;
  std::uint64_t id_;
  std::string domain_;
  repository_access access_;
  payload& what_;
  body_limit limit_;
  listener done_;
  std::function<void()> activity_;

  exchange* current_ = nullptr;
  std::string step_url_; ///< of the present request, before redirects
  std::string url_;
  std::string authorization_; ///< what the current attempt sends to the registry itself
  unsigned redirects_ = 0;
  bool asked_for_login_ = false; ///< in this attempt: a second 401 is final
  bool paused_ = false;
};

} // namespace gantry::store
