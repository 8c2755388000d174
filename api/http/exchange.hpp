#pragma once

#include <memory>
#include <string_view>

#include "api/http/coroutine.hpp"
#include "api/http/message.hpp"

namespace gantry::http {

/// A connection that has stopped speaking HTTP: bytes both ways. One reader and one writer at a time.
class raw_connection {
public:
  virtual ~raw_connection() = default;
  /// Some bytes; empty at the client's end of writing. Errors: unavailable when the client is gone.
  virtual awaitable<result<std::string>> read_some() = 0;
  /// Returns when the bytes are with the kernel: a slow client holds up its own stream alone.
  virtual awaitable<result<void>> write(std::string_view bytes) = 0;
  virtual awaitable<void> shut_down() = 0; ///< no more writing
  /// Whether the client has closed the connection whole, and not only its writing half.
  [[nodiscard]] virtual bool gone() const = 0;
};

/// What the messages of a WebSocket are said to hold.
enum class message_kind : bool { text, bytes };

/// The answer to one request, for endpoints that say more than one whole response. The door's thread alone; lives until
/// the endpoint ends.
class exchange {
public:
  virtual ~exchange() = default;

  /// Of a request whose body is streamed: the next bytes of it, as they come; empty at its end. It is bounded by what
  /// its reader takes. Errors: unavailable when the client is gone or silent; invalid_argument when it is malformed.
  virtual awaitable<result<std::string>> read_body() = 0;

  /// Sends the head of a stream; `what.body` is not looked at.
  virtual awaitable<result<void>> begin(response what) = 0;
  /// Sends a part at once. Returns when it is with the kernel. Errors: unavailable when the client is gone.
  virtual awaitable<result<void>> write(std::string_view part) = 0;
  /// Whether `begin` or `take_over` was called.
  [[nodiscard]] virtual bool begun() const = 0;

  /// Returns when the client has hung up.
  virtual awaitable<void> until_gone() = 0;

  /// Answers with this head and not a header more (`what.body` is not looked at), and hands the connection over: for an
  /// upgrade (101), or what a client takes for one.
  virtual awaitable<result<std::unique_ptr<raw_connection>>> take_over(response what) = 0;
  /// The same by an upgrade to WebSocket. Errors: invalid_argument, before anything is answered, when the request asks
  /// for none; unavailable.
  virtual awaitable<result<std::unique_ptr<raw_connection>>> take_over_websocket(message_kind kind) = 0;
};

} // namespace gantry::http
