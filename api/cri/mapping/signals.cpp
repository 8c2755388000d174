#include "api/cri/mapping/signals.hpp"

// The CRI spells SIGRTMIN+3 as SIGNAL_SIGRTMINPLUS3.
namespace gantry::cri {
namespace {

constexpr std::string_view prefix = "SIGNAL_";

void replace(std::string& text, std::string_view from, std::string_view to) {
  if (auto at = text.find(from); at != std::string::npos) text.replace(at, from.size(), to);
}

} // namespace

result<std::string> parse_signal(v1::Signal from) {
  if (from == v1::SIGNAL_RUNTIME_DEFAULT) return std::string();
  if (!v1::Signal_IsValid(from))
    return fail(errc::invalid_argument, "stop_signal: {} is no signal", static_cast<int>(from));
  auto name = v1::Signal_Name(from).substr(prefix.size());
  replace(name, "PLUS", "+");
  replace(name, "MINUS", "-");
  return name;
}

v1::Signal render_signal(std::string name) {
  if (!name.starts_with("SIG")) name.insert(0, "SIG");
  replace(name, "+", "PLUS");
  replace(name, "-", "MINUS");
  auto found = v1::SIGNAL_RUNTIME_DEFAULT;
  (void)v1::Signal_Parse(std::string(prefix) + name, &found);
  return found;
}

} // namespace gantry::cri
