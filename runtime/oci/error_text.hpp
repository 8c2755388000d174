#pragma once

#include <string>
#include <string_view>

namespace gantry::oci {

/// What a failed runtime said: the last message of level error or fatal in its JSON log (`log`), else the last line of
/// what it printed (`printed`), else "". At most 4 KiB. The runtime's words are kept, as callers and people look for
/// "executable file not found", "permission denied" and "no such file or directory" in them.
std::string error_text(std::string_view log, std::string_view printed);

} // namespace gantry::oci
