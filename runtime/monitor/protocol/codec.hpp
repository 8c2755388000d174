#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "runtime/monitor/protocol/messages.hpp"

/// Messages to bytes and back (runtime/monitor/README.md, "Control socket"). Pure functions, any thread.
namespace gantry::monitor {

/// First frame of each connection, from the monitor.
struct greeting {
  std::uint32_t version = protocol_version;
  std::int32_t pid = 0; ///< of the monitor
};

/// All that travels on the control socket. `error` answers a request that failed.
using message = std::variant<request, reply, error, process_exited, greeting>;

struct frame_of_message {
  std::uint64_t id = 0; ///< of the request; 0 for what was not asked
  message what;
};

/// Header {u32 length of the payload, u64 id, u16 kind}, in host order, and the payload.
inline constexpr std::size_t frame_header_bytes = 14;

/// The whole frame. A payload over max_frame_bytes: exhausted.
result<std::string> encode(std::uint64_t id, const message& what);

/// Cuts frames out of a byte stream; one per connection.
class frame_reader {
public:
  void add(std::string_view bytes) { buffer_.append(bytes); }
  /// The next whole message; none when more bytes are needed. Errors: corrupt (the connection is then of no use).
  result<std::optional<frame_of_message>> next();

private:
  std::string buffer_;
  std::size_t read_ = 0; ///< bytes of buffer_ that were handed out already
};

} // namespace gantry::monitor
