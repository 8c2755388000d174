#pragma once

#include <string>
#include <string_view>

namespace gantry::store {

/// What a registry says of a failure, for a person: message and code of the first entry of `errors` (distribution-spec,
/// "Error Codes"), the `details` or `error_description` of a token server, else the body's beginning when it is
/// plain text. At most 300 characters, control characters replaced; empty when there is nothing to say.
std::string describe_error_body(std::string_view body);

/// `text` cut to `limit` characters, with control characters replaced: fit for a message or a log line.
std::string printable(std::string_view text, std::size_t limit);

} // namespace gantry::store
