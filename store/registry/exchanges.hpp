#pragma once

#include <curl/curl.h>

#include <chrono>
#include <map>
#include <memory>

#include "store/registry/exchange.hpp"

namespace gantry::store {

/// The exchanges under way and the curl multi handle that drives them: connections, their re-use, HTTP/2. One thread,
/// but for wake().
class exchanges {
public:
  exchanges();
  exchanges(const exchanges&) = delete;
  exchanges& operator=(const exchanges&) = delete;
  ~exchanges();

  /// Sends `request`; `done` is called from perform(), never from here. Never null, and valid until `done` has
  /// returned or drop().
  exchange* start(http_request request, exchange::body_receiver body, exchange::completion done,
                  std::function<void()> activity);
  /// Ends an exchange without a word to its sender.
  void drop(exchange* one);
  void drop_all();
  /// Gives a paused one its bytes again. May call its receiver, and its sender when that fails.
  void unpause(exchange* one);
  /// Moves bytes, and tells the senders of what is complete.
  void perform();
  /// Until a socket is ready, wake() was called or `longest` has passed.
  void wait(std::chrono::milliseconds longest);
  /// Any thread, while this object lives.
  void wake();

private:
  void finish(exchange* one, CURLcode code);

  CURLM* multi_;
  std::map<exchange*, std::unique_ptr<exchange>> live_;
};

} // namespace gantry::store
