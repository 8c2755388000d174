#include "runtime/monitor/lossy_lines.hpp"

#include <utility>

namespace gantry::monitor {

std::string lossy_lines::take(log::output from, std::string_view bytes, std::size_t waiting) {
  auto lines = std::exchange(begun(from), {});
  lines += bytes;
  auto end = lines.rfind('\n') + 1; // 0 when there is none
  if (lines.size() - end >= log::max_entry_text) end = lines.size();
  begun(from) = lines.substr(end);
  lines.resize(end);
  lines.resize(fitting(lines, waiting));
  return lines;
}

std::string lossy_lines::rest(log::output from, std::size_t waiting) {
  auto last = std::exchange(begun(from), {});
  last.resize(fitting(last, waiting));
  return last;
}

std::size_t lossy_lines::fitting(std::string_view lines, std::size_t waiting) const {
  const auto room = most_ > waiting ? most_ - waiting : 0;
  if (lines.size() <= room) return lines.size();
  const auto whole = room == 0 ? 0 : lines.rfind('\n', room - 1) + 1;
  if (whole != 0 || waiting != 0) return whole;
  const auto first = lines.find('\n');
  return first == std::string_view::npos ? lines.size() : first + 1;
}

} // namespace gantry::monitor
