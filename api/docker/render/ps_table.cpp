#include "api/docker/render/ps_table.hpp"

#include <algorithm>
#include <charconv>

namespace gantry::docker {
namespace {

constexpr std::size_t longest_arguments = 1024;

std::string_view take_line(std::string_view& text) {
  const auto line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

/// The words of a line, at most `most`; the last one holds all that is left.
std::vector<std::string> words_of(std::string_view line, std::size_t most = SIZE_MAX) {
  std::vector<std::string> words;
  while (true) {
    const auto begin = line.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return words;
    line.remove_prefix(begin);
    const bool last = words.size() + 1 == most;
    const auto end = last ? line.find_last_not_of(" \t") + 1 : std::min(line.find_first_of(" \t"), line.size());
    words.emplace_back(line.substr(0, end));
    if (last) return words;
    line.remove_prefix(end);
  }
}

} // namespace

result<json> ps_table(std::string_view printed, const std::set<int>& pids) {
  const auto titles = words_of(take_line(printed));
  const auto column = std::find(titles.begin(), titles.end(), "PID") - titles.begin();
  if (column == static_cast<std::ptrdiff_t>(titles.size()))
    return fail(errc::invalid_argument, "Couldn't find PID field in ps output");
  json rows = json::array();
  while (!printed.empty()) {
    auto words = words_of(take_line(printed), titles.size());
    if (static_cast<std::size_t>(column) >= words.size()) continue;
    const auto& text = words[static_cast<std::size_t>(column)];
    int pid = 0;
    std::from_chars(text.data(), text.data() + text.size(), pid);
    if (pids.contains(pid)) rows.push_back(std::move(words));
  }
  return json{{"Processes", std::move(rows)}, {"Titles", titles}};
}

result<std::vector<std::string>> ps_arguments(std::string_view text) {
  if (text.size() > longest_arguments)
    return fail(errc::invalid_argument, "ps_args is longer than {} bytes", longest_arguments);
  return words_of(text);
}

} // namespace gantry::docker
