#include "tools/gantry/terminal/progress.hpp"

#include <algorithm>

#include "tools/gantry/format/table.hpp"
#include "tools/gantry/format/units.hpp"

namespace gantry::cli {

namespace {
constexpr unsigned narrow = 110; ///< columns below which there is no room for a bar
constexpr std::size_t bar_cells = 50;
constexpr std::size_t most_lines = 1000; ///< a peer's ids are bounded; more go without a line of their own
} // namespace

std::string progress_display::bar(const json& document) const {
  auto current = number(document, "progressDetail.current"), total = number(document, "progressDetail.total");
  if (current <= 0 && total <= 0) return {};
  auto now = human_size(static_cast<double>(current));
  if (total <= 0 || current > total) return fmt::format("{:>8}", now);
  auto numbers = fmt::format("{:>8}/{}", now, human_size(static_cast<double>(total)));
  if (columns_ <= narrow) return numbers;
  auto done = static_cast<std::size_t>(static_cast<double>(current) / static_cast<double>(total) * bar_cells);
  auto filled = std::string(done, '=') + (done < bar_cells ? ">" : "");
  return fmt::format("[{:<50}] {}", filled, numbers);
}

void progress_display::show_line(const std::string& id, const std::string& line) {
  auto known = line_of_.find(id);
  if (known == line_of_.end()) {
    if (lines_ < most_lines) line_of_[id] = lines_;
    ++lines_;
    to_ << line << '\n' << std::flush;
    return;
  }
  // Up to its line, rewrite it, and down again (ECMA-48: CUU, EL, CUD).
  auto up = lines_ - known->second;
  to_ << fmt::format("\x1b[{}A\x1b[2K\r{}\r\x1b[{}B", up, line, up) << std::flush;
}

result<void> progress_display::show(const json& document) {
  auto failure = text(document, "errorDetail.message");
  if (failure.empty()) failure = text(document, "error");
  if (!failure.empty()) return fail(errc::unavailable, "{}", failure);
  if (auto said = text(document, "stream"); !said.empty()) { // a load's, line by line
    if (said.ends_with('\n')) said.pop_back();
    to_ << printable(said) << '\n' << std::flush;
    ++lines_;
    return {};
  }
  auto id = printable(text(document, "id")), status = printable(text(document, "status"));
  auto progress = bar(document);
  if (on_ == surface::plain && !progress.empty()) return {};
  auto line = (id.empty() ? "" : id + ": ") + status + (progress.empty() ? "" : " " + progress);
  // "latest: Pulling from …" is a heading, not a layer that will be reported again.
  if (on_ == surface::terminal && !id.empty() && document.contains("progressDetail")) {
    show_line(id, line);
    return {};
  }
  if (!line.empty()) to_ << line << '\n' << std::flush;
  ++lines_;
  return {};
}

} // namespace gantry::cli
