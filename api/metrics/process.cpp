#include "api/metrics/process.hpp"

#include <unistd.h>

#include <filesystem>
#include <sstream>

#include "runtime/sys/files.hpp"

namespace gantry::metrics_door {
namespace {

/// The fields of /proc/self/stat that are used here (proc(5)): they begin after the program's name in parentheses,
/// which may hold anything.
struct process_stat {
  double user_ticks = 0, system_ticks = 0, threads = 0, start_ticks = 0, resident_pages = 0;
};

result<process_stat> read_stat() {
  GANTRY_LET(auto text, sys::read_file("/proc/self/stat"));
  std::istringstream fields(text.substr(std::min(text.size(), text.rfind(')') + 1)));
  std::string skipped;
  process_stat got;
  for (int field = 3; field <= 24; ++field) {
    auto& into = field == 14   ? got.user_ticks
                 : field == 15 ? got.system_ticks
                 : field == 20 ? got.threads
                 : field == 22 ? got.start_ticks
                               : got.resident_pages;
    if (field == 14 || field == 15 || field == 20 || field == 22 || field == 24)
      fields >> into;
    else
      fields >> skipped;
  }
  if (!fields) return fail(errc::internal, "/proc/self/stat is not as proc(5) has it");
  return got;
}

/// When the host started, in seconds since the epoch.
double boot_time() {
  auto text = sys::read_file("/proc/stat");
  auto at = text ? text->find("\nbtime ") : std::string::npos;
  return at == std::string::npos ? 0 : std::strtod(text->c_str() + at + 7, nullptr);
}

void add_one(metrics& to, std::string name, std::string help, metric::kind what, double value) {
  to.add(std::move(name), std::move(help), what, {{{}, value}});
}

} // namespace

metrics process_figures() {
  using kind = metric::kind;
  metrics made;
  auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  if (auto stat = read_stat()) {
    add_one(made, "process_cpu_seconds_total", "CPU time of the engine.", kind::counter,
            (stat->user_ticks + stat->system_ticks) / ticks);
    add_one(made, "process_resident_memory_bytes", "Resident memory of the engine.", kind::gauge,
            stat->resident_pages * static_cast<double>(::sysconf(_SC_PAGESIZE)));
    add_one(made, "process_threads", "Threads of the engine.", kind::gauge, stat->threads);
    add_one(made, "process_start_time_seconds", "When the engine started, since the epoch.", kind::gauge,
            boot_time() + stat->start_ticks / ticks);
  }
  std::error_code failure;
  auto entries = std::filesystem::directory_iterator("/proc/self/fd", failure);
  // The folder itself is open while it is read.
  if (!failure)
    add_one(made, "process_open_fds", "Open descriptors of the engine.", kind::gauge,
            static_cast<double>(std::distance(begin(entries), end(entries)) - 1));
  return made;
}

} // namespace gantry::metrics_door
