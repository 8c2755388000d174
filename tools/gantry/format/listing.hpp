#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/gantry/format/json.hpp"
#include "tools/gantry/format/template.hpp"
#include "tools/gantry/line/console.hpp"

namespace gantry::cli {

/// What a list can show, by docker's names, and how.
struct listing {
  /// Field and title of all that a template may name, e.g. {"ID", "CONTAINER ID"}.
  std::vector<std::pair<std::string, std::string>> titles;
  /// The fields of the table without --format.
  std::vector<std::string> columns;
  /// One object per line of the list, with every field of `titles` as a string.
  std::vector<json> rows;
};

/// Prints by `--format`: "" or "table" for the default table, "json" for a document a line, "table TEMPLATE" with
/// titles, or a template a line. Errors: those of the template.
result<void> print_listing(const listing& what, std::string_view format, std::ostream& to);

/// Prints one object by a template, or "json", with a newline.
result<void> print_formatted(const json& what, std::string_view format, std::ostream& to,
                             go_template::absence of_a_field = go_template::absence::refused);

} // namespace gantry::cli
