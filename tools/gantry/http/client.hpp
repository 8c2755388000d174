#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "messages/domain/error.hpp"
#include "runtime/sys/unique_fd.hpp"
#include "tools/gantry/format/json.hpp"

namespace gantry::cli::http {

/// One request to the daemon.
struct request {
  std::string method = "GET";
  std::string target = {}; ///< path and query, without the version: "/containers/json?all=1"
  std::string body = {};   ///< JSON; empty for none
  std::vector<std::pair<std::string, std::string>> headers = {};
  bool versioned = true; ///< prefix the target with the API's version
  bool upgrade = false;  ///< ask for the raw stream of attach and exec (Engine API, "Attach", "Hijacking")
};

/// A connection from which the bytes of a container come, after the HTTP handshake.
struct raw_stream {
  sys::unique_fd socket;
  std::string received;    ///< bytes of the stream that came with the response's head
  bool multiplexed = true; ///< frames with headers of 8 bytes; false: a terminal's bytes as they are
};

/// A response of which the head is there and the body is read as it comes. Move-only; one thread.
class response {
public:
  struct state;
  explicit response(std::unique_ptr<state> s);
  response(response&&) noexcept;
  response& operator=(response&&) noexcept;
  ~response();

  [[nodiscard]] unsigned status() const; ///< 0 until the head has been read
  [[nodiscard]] std::string header(const std::string& name) const;

  /// The next bytes of the body, empty at its end. Blocks.
  result<std::string> read_some();
  /// The rest of the body. Errors: exhausted when it is over `limit` bytes.
  result<std::string> read_all(std::size_t limit = 64 << 20);
  /// Readable when the body (or its end) has come; for poll(2). Belongs to the response.
  [[nodiscard]] int descriptor() const;
  [[nodiscard]] state& inner() { return *state_; } ///< for the client
  /// Gives up HTTP: the socket, and what was read past the head.
  raw_stream detach() &&;

private:
  std::unique_ptr<state> state_;
};

/// Sends the next bytes of a request's body.
using body_writer = std::function<result<void>(std::string_view)>;

/// Makes a connected socket; called once per request.
using connector = std::function<result<sys::unique_fd>()>;

/// The Engine API, one connection a request. Blocking; one thread.
/// A status of 400 and above is an error whose message is the daemon's own, with the code that the status means
/// (404 not_found, 409 failed_precondition, 429 exhausted, …).
class client {
public:
  explicit client(connector connect) : connect_(std::move(connect)) {}

  /// Sends, and returns when the head of the response has come.
  result<response> open(const request& what);
  /// As open, of a request whose body `produce` writes piece by piece. When the daemon answers before its end, the rest
  /// is not sent: the error that `write` then gives is for `produce` to return.
  result<response> upload(const request& what, const std::function<result<void>(const body_writer& write)>& produce);
  /// Sends, and returns at once: the head is read by `await`. For `wait`, whose answer may come much later.
  result<response> send(const request& what);
  /// Reads the head of a response of `send`; with a patience, returns false when it did not come in that time.
  result<bool> await(response& answer, std::chrono::milliseconds patience);
  /// The whole JSON answer; null when the body is empty.
  result<json> call(const request& what);
  result<json> get(std::string target) { return call({.method = "GET", .target = std::move(target)}); }
  result<json> post(std::string target, const json& body = nullptr);
  result<json> remove(std::string target) { return call({.method = "DELETE", .target = std::move(target)}); }
  /// The raw stream of attach and exec start (status 101, or 200 from daemons that do not upgrade).
  result<raw_stream> hijack(request what);

private:
  result<response> exchange(const request& what);
  connector connect_;
};

/// The version of the API that the client speaks.
inline constexpr std::string_view api_version = "1.47";

/// Percent-encodes what may not stand in a query's value or a path's segment (RFC 3986, section 2.3).
std::string escape(std::string_view text);

/// Appends `name=value` to a target, with ? or & as needed.
void add_query(std::string& target, std::string_view name, std::string_view value);

} // namespace gantry::cli::http
