#include "runtime/monitor/oom_counter.hpp"

#include <cstdlib>

#include "runtime/sys/files.hpp"

namespace gantry::monitor {

std::uint64_t oom_kills(const std::string& cgroup) {
  if (cgroup.empty()) return 0;
  for (const auto* name : {"/memory.events", "/memory.oom_control"}) {
    auto text = sys::read_file(cgroup + name, 4096);
    if (!text) continue;
    auto at = ("\n" + *text).find("\noom_kill ");
    return at == std::string::npos ? 0 : std::strtoull(text->c_str() + at + 9, nullptr, 10);
  }
  return 0;
}

} // namespace gantry::monitor
