#pragma once

#include <map>
#include <ostream>
#include <string>

#include "tools/gantry/format/json.hpp"

namespace gantry::cli {

/// Shows the progress documents of a pull (Engine API, "ImageCreate"): on a terminal one line per layer, rewritten in
/// place with a bar; off it a plain line per change of state and none per byte, as docker's client does.
class progress_display {
public:
  enum class surface { terminal, plain };
  progress_display(std::ostream& to, surface on, unsigned columns) : to_(to), on_(on), columns_(columns) {}

  /// Errors: unavailable or what the document says: the pull failed.
  result<void> show(const json& document);

private:
  void show_line(const std::string& id, const std::string& line);
  [[nodiscard]] std::string bar(const json& document) const;

  std::ostream& to_;
  surface on_;
  unsigned columns_;
  std::map<std::string, std::size_t> line_of_; ///< from the top of the display
  std::size_t lines_ = 0;
};

} // namespace gantry::cli
