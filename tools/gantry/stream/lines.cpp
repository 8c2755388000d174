#include "tools/gantry/stream/lines.hpp"

namespace gantry::cli {

result<json> json_lines::next() {
  constexpr std::size_t line_limit = 4 << 20;
  constexpr std::string_view blanks = " \t\r\n";
  for (bool ended = false;;) {
    auto end = pending_.find('\n');
    if (end == std::string::npos && ended) end = pending_.size();
    if (end != std::string::npos) {
      auto line = pending_.substr(0, end);
      pending_.erase(0, end + 1);
      if (line.find_first_not_of(blanks) != std::string::npos) return parse_json(line, "a line of the stream");
      if (ended && pending_.empty()) return json(json::value_t::discarded);
      continue;
    }
    if (pending_.size() > line_limit)
      return fail(errc::exhausted, "the daemon sent a line of over {} bytes", line_limit);
    GANTRY_LET(auto part, from_.read_some());
    ended = part.empty();
    pending_ += part;
  }
}

} // namespace gantry::cli
