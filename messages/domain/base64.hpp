#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gantry {

/// RFC 4648, section 4, with padding.
std::string encode_base64(std::string_view bytes);

/// RFC 4648, sections 4 and 5 (both alphabets), padded or not: clients differ. Empty when `text` is not that.
std::optional<std::string> decode_base64(std::string_view text);

} // namespace gantry
