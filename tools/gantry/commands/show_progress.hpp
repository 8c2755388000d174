#pragma once

#include "tools/gantry/line/command.hpp"

namespace gantry::cli {

/// How much of what the daemon says on the way is shown.
enum class progress_shown : std::uint8_t { all, errors };

/// Reads the documents of a pull, push, load or import to their end, and shows them on `to` (a terminal or not).
/// Errors: the daemon's; what a document says went wrong.
result<void> show_progress(context& with, http::response& answer, std::ostream& to, bool is_terminal,
                           progress_shown how = progress_shown::all);

} // namespace gantry::cli
