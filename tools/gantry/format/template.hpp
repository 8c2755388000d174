#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tools/gantry/format/json.hpp"

namespace gantry::cli {

/// The part of Go's text/template that users of `--format` write (pkg.go.dev/text/template): literal text,
/// {{.Field.Path}}, pipelines, variables of range, if/else, range, with, parentheses, {{- -}}, comments, and the
/// functions json, upper, lower, title, join, split, truncate, len, index, print, println, eq, ne, not, and, or. All
/// else is refused.
class go_template {
public:
  /// Errors: invalid_argument, with what is not understood.
  static result<go_template> parse(std::string_view text);

  /// Whether a field that a document does not have is an error, or nothing: "<no value>" where it is printed.
  enum class absence { refused, empty };

  /// The text for one document. In a condition, what is absent is empty in any case. Errors: invalid_argument for a
  /// field that the document does not have, or an operand of the wrong kind.
  [[nodiscard]] result<std::string> execute(const json& document, absence of_a_field = absence::refused) const;

  struct node;

private:
  std::shared_ptr<const std::vector<node>> nodes_;
};

} // namespace gantry::cli
