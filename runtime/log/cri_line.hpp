#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime/log/json_line.hpp"

/// One line of the CRI's log format: `2006-01-02T15:04:05.999999999Z stdout F text` (Kubernetes, "CRI: Log management
/// for container stdout/stderr streams"). F: the text is a whole line, or the end of one; P: it goes on in the next
/// line of its stream. Bytes are kept as they are. Pure functions, any thread.
namespace gantry::log {

/// Appends the line; `text` is F with its newline, P without one.
void append_cri_line(std::string& out, output from, unix_nanos time, std::string_view text);

/// The entry of one line, with or without its newline; none for a line that is torn or not of this format.
std::optional<entry> parse_cri_line(std::string_view line);

} // namespace gantry::log
