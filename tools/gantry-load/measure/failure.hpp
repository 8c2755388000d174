#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace gantry::load {

/// Why a request, or what it asked for, did not succeed.
struct failure {
  enum class cause {
    connect, ///< no connection to the socket
    timeout, ///< no whole answer within --timeout
    broken,  ///< the connection ended early, or what came is no HTTP
    status,  ///< the engine answered with another status than success
    exit,    ///< the container or exec ended with another status than expected
  };
  cause why = cause::broken;
  int status = 0;    ///< of HTTP, or of the exit
  std::string words; ///< the engine's message, or the system's
  std::string step;  ///< which request: "create", "start", …
  std::optional<std::chrono::milliseconds> retry_after;

  /// The engine has no room now and says so (HTTP 429).
  [[nodiscard]] bool refused() const { return why == cause::status && status == 429; }
};

template<class T>
using outcome = tl::expected<T, failure>;

/// What an answer that is no success means; `body` is the engine's, JSON with a `message` or plain text.
failure failure_of_answer(int status, std::string_view body, std::optional<std::chrono::milliseconds> retry_after);

/// What failures are counted by: "create: HTTP 500 no such image", "start: timeout". Ids and numbers in the message are
/// replaced and its end is cut, so that the failures of a thousand containers are one kind.
std::string kind_of(const failure& what);

/// At most eight words and 72 bytes of `message`, one line, with ids (12 hexadecimal digits or more) as "<id>", numbers
/// as "N", and bytes that could drive a terminal as "?".
std::string first_words(std::string_view message);

} // namespace gantry::load
