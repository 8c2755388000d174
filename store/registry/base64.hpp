#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gantry::store {

/// RFC 4648, section 4, with padding.
std::string encode_base64(std::string_view bytes);

/// Empty when `text` is not base64: a foreign character, a wrong length, padding in the middle.
std::optional<std::string> decode_base64(std::string_view text);

} // namespace gantry::store
