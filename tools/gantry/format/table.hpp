#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gantry::cli {

/// Lines of cells, padded as docker's tables: columns at least 10 wide and 3 apart, the last one as it is. Width is
/// counted in code points; control characters in cells are replaced, so that a hostile name cannot drive the terminal.
std::string render_table(const std::vector<std::vector<std::string>>& rows);

/// How many columns of a terminal `text` takes, counting code points.
std::size_t display_width(std::string_view text);

/// The first `width` code points, the last one an ellipsis when something was cut.
std::string ellipsis(std::string_view text, std::size_t width);

/// `text` with C0 controls and DEL replaced by '?'.
std::string printable(std::string_view text);

} // namespace gantry::cli
