#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "messages/domain/base64.hpp"

namespace gantry::store {

using gantry::encode_base64;

/// RFC 4648, section 4. Empty when `text` is not base64: a foreign character, a wrong length, padding in the middle.
std::optional<std::string> decode_base64(std::string_view text);

} // namespace gantry::store
