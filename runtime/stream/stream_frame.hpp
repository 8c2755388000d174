#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/monitor/protocol/messages.hpp"

/// The framing of a monitor's streams (runtime/monitor/protocol/messages.hpp, "stream frames").
namespace gantry::stream {

struct frame {
  monitor::frame type = monitor::frame::stdout_data;
  std::string payload;
};

inline constexpr std::size_t header_bytes = 8;

/// The 8 bytes before `length` bytes of payload.
std::string header(monitor::frame type, std::size_t length);

/// Appends frames of at most max_stream_frame that carry `payload`; an empty payload is one empty frame.
void append_frames(std::string& out, monitor::frame type, std::string_view payload);

/// The payload of an `end` frame, and back.
std::string end_payload(int exit_code);
int exit_code_of(std::string_view end_payload);

/// Cuts frames out of a byte stream. One per connection.
class reader {
public:
  void add(std::string_view bytes) { buffer_.append(bytes); }
  /// The next whole frame, none when more bytes are needed. Errors: corrupt for an unknown type or a length over
  /// max_stream_frame.
  result<std::optional<frame>> next();
  [[nodiscard]] std::size_t buffered() const { return buffer_.size() - read_; }

private:
  std::string buffer_;
  std::size_t read_ = 0;
};

} // namespace gantry::stream
