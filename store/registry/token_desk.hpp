#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "store/registry/authorizer.hpp"
#include "store/registry/exchanges.hpp"
#include "store/registry/transport.hpp"

namespace gantry::store {

/// Fetches tokens: one request for all transfers that wait for the same one. One thread.
class token_desk {
public:
  using answer = tl::expected<std::string, attempt_failure>; ///< a value for Authorization
  using waiter = std::function<void(answer)>;

  token_desk(exchanges& wire, authorizer& keep, const endpoints& rules, const client_options& options)
      : wire_(wire), authorizer_(keep), rules_(rules), options_(options) {}
  token_desk(const token_desk&) = delete;
  token_desk& operator=(const token_desk&) = delete;

  /// `who` identifies the waiter to forget(). Its function is called later, once.
  void fetch(const token_request& wanted, std::uint64_t who, waiter tell);
  void forget(std::uint64_t who);

private:
  struct request {
    token_request wanted;
    std::string url;
    unsigned redirects = 0;
    std::string body;
    std::map<std::uint64_t, waiter> waiters;
  };

  void send(request& one);
  void arrived(const token_key& key, CURLcode code, exchange& what);
  void follow(request& one, const std::string& location);
  void settle(const token_key& key, const answer& outcome);

  exchanges& wire_;
  authorizer& authorizer_;
  const endpoints& rules_;
  const client_options& options_;
  std::map<token_key, request> requests_;
};

} // namespace gantry::store
