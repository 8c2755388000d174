#include "tools/gantryd/spare_memory.hpp"

#include <malloc.h>

#include <ctime>

namespace gantry::daemon {
namespace {

using namespace std::chrono_literals;

constexpr auto between_looks = 1s, calm_for = 5s;
constexpr auto at_rest = 20ms; ///< of processor time between two looks: timers, a client that looks in
constexpr auto burst = 200ms;  ///< of processor time

/// Of all threads.
std::chrono::microseconds processor_time() {
  timespec spent{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return std::chrono::seconds(spent.tv_sec) + std::chrono::microseconds(spent.tv_nsec / 1000);
}

} // namespace

void spare_memory::look() {
  auto now = clock::now();
  if (now - looked_ < between_looks) return;
  looked_ = now;
  auto spent = processor_time();
  if (spent - spent_ >= at_rest) busy_last_ = now;
  spent_ = spent;
  if (now - busy_last_ < calm_for || spent - spent_before_ < burst) return;
  ::malloc_trim(0);
  spent_before_ = spent;
}

} // namespace gantry::daemon
