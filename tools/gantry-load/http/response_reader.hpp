#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "messages/domain/error.hpp"

namespace gantry::load {

/// A response, as far as this program looks at it.
struct response {
  int status = 0;
  std::string body; ///< empty when it was dropped
  std::optional<std::chrono::milliseconds> retry_after;
};

/// Reads one HTTP/1.1 response (RFC 9112) from bytes that come in any pieces: a length, chunks with extensions and
/// trailers, or a body until the connection's end (101 too: what follows is the stream). Interim responses (1xx) are
/// skipped. The head may have 64 KiB, a kept body `body_limit` bytes.
class response_reader {
public:
  /// The body of an error is kept in any case.
  enum class body { kept, dropped };
  explicit response_reader(std::size_t body_limit, body what = body::kept) : limit_(body_limit), what_(what) {}

  /// Takes bytes; how many were used, fewer than all when they go on after the response's end.
  /// Errors: corrupt for what is no HTTP; exhausted for a head or body over its limit. The reader is of no use then.
  result<std::size_t> feed(std::string_view bytes);
  /// The peer has closed. Errors: unavailable when the response is not whole.
  result<void> end_of_stream();

  [[nodiscard]] bool head_read() const { return state_ >= state::length_body; }
  [[nodiscard]] bool done() const { return state_ == state::done; }
  /// Whether another request may follow on the connection; once done.
  [[nodiscard]] bool reusable() const { return keep_alive_; }
  [[nodiscard]] response& answer() { return answer_; }

private:
  enum class state { status_line, header, length_body, chunk_size, chunk_data, chunk_end, trailer, until_close, done };

  result<std::size_t> take_line(std::string_view bytes);
  result<std::size_t> take_body(std::string_view bytes);
  result<void> line_ended();
  result<void> read_status_line();
  result<void> read_header();
  result<void> read_chunk_size();
  void head_ended();

  std::size_t limit_;
  body what_;
  state state_ = state::status_line;
  std::string line_;
  std::size_t head_bytes_ = 0, left_ = 0; ///< left of the length or the chunk
  std::optional<std::size_t> length_;
  bool chunked_ = false, keep_alive_ = true;
  response answer_;
};

} // namespace gantry::load
