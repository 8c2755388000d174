#include "runtime/log/cri_line.hpp"

namespace gantry::log {
namespace {

std::string_view take_word(std::string_view& line) {
  const auto end = line.find(' ');
  const auto word = line.substr(0, end);
  line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  return word;
}

} // namespace

void append_cri_line(std::string& out, output from, unix_nanos time, std::string_view text) {
  const bool whole = text.ends_with('\n');
  if (whole) text.remove_suffix(1);
  out += format_time(time);
  out += from == output::out ? " stdout " : " stderr ";
  out += whole ? "F " : "P ";
  out += text;
  out += '\n';
}

std::optional<entry> parse_cri_line(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  const auto time = parse_time(take_word(line));
  const auto stream = take_word(line);
  // More tags may follow the first one, separated by colons; none is defined.
  const auto tag = take_word(line).substr(0, 2);
  const bool whole = tag == "F" || tag == "F:", part = tag == "P" || tag == "P:";
  if (!time || (stream != "stdout" && stream != "stderr") || (!whole && !part)) return std::nullopt;
  return entry{*time, stream == "stdout" ? output::out : output::err, std::string(line) + (whole ? "\n" : "")};
}

} // namespace gantry::log
