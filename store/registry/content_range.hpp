#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace gantry::store {

/// RFC 9110, section 14.4: "bytes 100-199/200".
struct content_range {
  std::uint64_t first = 0;
  std::uint64_t last = 0; ///< inclusive
  std::optional<std::uint64_t> complete;

  friend bool operator==(const content_range&, const content_range&) = default;
};

/// Empty when the header is not of that form, or contradicts itself.
std::optional<content_range> parse_content_range(std::string_view header);

/// What a response's status and Content-Range mean for a download that has `offset` bytes and wants `size` in all.
enum class resumption : std::uint8_t {
  append, ///< the body goes on at the offset
  skip,   ///< the server sends all from the start: the first `offset` bytes of the body are there already
  whole,  ///< the server cannot do what was asked: ask again, without a range
};
resumption judge_resumption(long status, std::string_view header, std::uint64_t offset, std::uint64_t size);

} // namespace gantry::store
