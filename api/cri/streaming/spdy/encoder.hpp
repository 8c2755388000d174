#pragma once

#include "api/cri/streaming/spdy/header_block.hpp"

namespace gantry::cri::spdy {

/// Writes frames as bytes. One per connection: the order of calls is the order on the wire, as header blocks depend on
/// those before them.
class encoder {
public:
  std::string encode(const frame& what);

private:
  header_deflater headers_;
};

/// The head of a DATA frame of `length` bytes, max_data_length at most, for a sender that does not copy them.
std::string data_head(stream_id id, bool fin, std::size_t length);

} // namespace gantry::cri::spdy
