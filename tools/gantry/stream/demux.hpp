#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "messages/domain/error.hpp"

namespace gantry::cli {

/// Splits a multiplexed stream into stdout and stderr (Engine API, "Attach", "Stream format": frames of
/// {type, 0, 0, 0, size as 4 bytes big-endian}, then the payload). Payloads are passed on as they come, so memory does
/// not grow with a frame.
class demultiplexer {
public:
  enum class channel { out, err };
  using sink = std::function<void(channel, std::string_view)>;

  explicit demultiplexer(sink to) : to_(std::move(to)) {}

  /// Errors: unavailable for a frame of an unknown type: the peer does not speak this protocol. A frame of
  /// type 3 (the daemon's own error) is an error with its text.
  result<void> feed(std::string_view bytes);

private:
  result<void> begin_frame();

  sink to_;
  std::string head_;
  std::string failure_;
  std::size_t left_ = 0;
  unsigned char type_ = 0;
};

} // namespace gantry::cli
