#pragma once

#include <optional>

#include "api/cri/streaming/spdy/header_block.hpp"

namespace gantry::cri::spdy {

/// Cuts frames out of a connection's bytes. It buffers one control frame at most (max_control_payload); data leaves it
/// in pieces as it comes. One per connection; of no more use after an error.
class decoder {
public:
  void add(std::string_view bytes) { buffer_.append(bytes); }

  /// The next frame, none when more bytes are needed. Control frames of a type that nobody knows are skipped (SPDY
  /// Protocol, Draft 3.1, section 2.2.1). Errors: corrupt for a length over its bound or unlike the type's, another
  /// version, a stream of id 0, a header block that does not expand.
  result<std::optional<frame>> next();

private:
  result<std::optional<frame>> control(std::string_view at, bool& skipped);
  std::optional<frame> data_piece();
  result<frame> parse(std::uint32_t type, std::uint8_t flags, std::string_view payload);
  result<frame> parse_with_headers(std::uint32_t type, std::uint8_t flags, std::string_view payload);
  [[nodiscard]] std::string_view unread() const { return std::string_view(buffer_).substr(read_); }

  std::string buffer_;
  std::size_t read_ = 0;
  stream_id data_stream_ = 0; ///< of the DATA frame that is being passed on
  std::size_t data_left_ = 0; ///< of its bytes
  bool data_fin_ = false;
  header_inflater headers_;
};

} // namespace gantry::cri::spdy
