#include "tools/gantry/format/table.hpp"

#include <algorithm>
#include <string_view>

namespace gantry::cli {

namespace {

constexpr std::size_t minimum_width = 10, gap = 3;

bool begins_code_point(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

} // namespace

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_code_point));
}

std::string ellipsis(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  std::size_t seen = 0, end = 0;
  for (; end < text.size(); ++end)
    if (begins_code_point(text[end]) && seen++ == width - 1) break;
  return std::string(text.substr(0, end)) + "…";
}

std::string printable(std::string_view text) {
  std::string safe(text);
  std::replace_if(
      safe.begin(), safe.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return safe;
}

std::string render_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), minimum_width);
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]) + gap);
  }
  std::string table;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      table += printable(row[i]);
      if (i + 1 < row.size()) table.append(widths[i] - display_width(row[i]), ' ');
    }
    table += '\n';
  }
  return table;
}

} // namespace gantry::cli
