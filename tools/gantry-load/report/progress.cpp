#include "tools/gantry-load/report/progress.hpp"

#include <unistd.h>

#include <fmt/format.h>

namespace gantry::load {

namespace {

using namespace std::chrono_literals;

void print(const std::string& text) { (void)!::write(STDERR_FILENO, text.data(), text.size()); }

} // namespace

std::string progress_text(const measurements& m, double seconds) {
  auto text = fmt::format("{} done, {:.1f}/s, {} in flight, {} failed, {} refused", m.done,
                          seconds > 0 ? static_cast<double>(m.done) / seconds : 0, m.in_flight, m.failed, m.refused);
  if (m.shed != 0) text += fmt::format(", {} shed", m.shed);
  return text;
}

task<> show_progress(const run_state& run, event& finished) {
  bool terminal = ::isatty(STDERR_FILENO) == 1;
  auto interval = terminal ? clock_type::duration(250ms) : clock_type::duration(5s);
  for (;;) {
    bool over = co_await finished.wait(clock_type::now() + interval);
    if (over) break;
    if (run.began == time_point()) continue; // nothing has begun
    std::chrono::duration<double> since = clock_type::now() - run.began;
    auto text = progress_text(run.measured, since.count());
    print(terminal ? "\r\033[K" + text : text + "\n");
  }
  if (terminal) print("\r\033[K");
}

} // namespace gantry::load
