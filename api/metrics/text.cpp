#include "api/metrics/text.hpp"

#include <algorithm>
#include <map>

namespace gantry::metrics_door {
namespace {

void add_to(metric& sum, const metric& more) {
  for (const auto& sample : more.samples) {
    auto same = std::find_if(sum.samples.begin(), sum.samples.end(),
                             [&](const auto& there) { return there.labels == sample.labels; });
    if (same == sum.samples.end())
      sum.samples.push_back(sample);
    else
      same->value += sample.value;
  }
}

std::vector<metric> merged(const std::vector<metrics>& parts) {
  std::vector<metric> whole;
  std::map<std::string, std::size_t> places;
  for (const auto& part : parts)
    for (const auto& one : part.all) {
      auto [place, added] = places.try_emplace(one.name, whole.size());
      if (added)
        whole.push_back(one);
      else
        add_to(whole[place->second], one);
    }
  return whole;
}

/// Backslashes and line ends, and in a label's value quotation marks, would end it.
std::string escaped(const std::string& text, bool quoted) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || (quoted && c == '"')) out.push_back('\\');
    if (c == '\n')
      out += "\\n";
    else
      out.push_back(c);
  }
  return out;
}

void append_sample(std::string& out, const std::string& name, const metric::sample& sample) {
  out += name;
  const char* before = "{";
  for (const auto& [label, value] : sample.labels) {
    out.append(before).append(label).append("=\"").append(escaped(value, true)).append("\"");
    before = ",";
  }
  if (!sample.labels.empty()) out += "}";
  out += fmt::format(" {}\n", sample.value);
}

} // namespace

std::string text_of(const std::vector<metrics>& parts) {
  std::string out;
  for (const auto& one : merged(parts)) {
    auto type = one.what == metric::kind::counter ? "counter" : "gauge";
    out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", one.name, escaped(one.help, false), one.name, type);
    for (const auto& sample : one.samples) append_sample(out, one.name, sample);
  }
  return out;
}

} // namespace gantry::metrics_door
