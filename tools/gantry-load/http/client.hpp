#pragma once

#include <functional>
#include <set>
#include <string>

#include "tools/gantry-load/http/pool.hpp"
#include "tools/gantry-load/http/response_reader.hpp"

namespace gantry::load {

struct request {
  std::string method, target;
  std::string body; ///< JSON, or nothing
};

/// Lets another coroutine end a call under way: the call then fails as broken.
class call_handle {
public:
  void cancel() const;

private:
  friend class http_client;
  int fd_ = -1;
};

/// How a call is made.
struct call_options {
  std::chrono::milliseconds timeout{120'000};               ///< for all of it
  std::function<void()> on_head;                            ///< called when the response's head has come
  response_reader::body body = response_reader::body::kept; ///< at most 64 MiB
  call_handle* handle = nullptr;                            ///< outlives the call
};

/// Requests over a pool's connections.
class http_client {
public:
  http_client(event_loop& loop, std::string socket) : pool_(loop, std::move(socket)) {}

  /// The answer, whatever its status. Fails with cause connect, timeout or broken. Nothing is ever sent twice: a
  /// container that was created by an unanswered request would be lost to its asker.
  task<outcome<response>> call(request what, call_options how);
  /// Ends all calls under way: each fails as broken.
  void cancel_all() const;
  [[nodiscard]] std::size_t connections_made() const { return pool_.made(); }

private:
  pool pool_;
  std::set<int> busy_; ///< descriptors of the calls under way
};

} // namespace gantry::load
