#include "tools/gantryd/spare_memory.hpp"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ctime>
#include <string_view>

namespace gantry::daemon {
namespace {

using namespace std::chrono_literals;

constexpr auto between_looks = 1s, calm_for = 5s;
constexpr auto at_rest = 20ms; ///< of processor time between two looks: timers, a client that looks in
constexpr auto burst = 50ms;   ///< of processor time: about what a start takes

/// Of all threads.
std::chrono::microseconds processor_time() {
  timespec spent{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return std::chrono::seconds(spent.tv_sec) + std::chrono::microseconds(spent.tv_nsec / 1000);
}

/// Lets go of code and constants: clean pages of files, which come back from the page cache, a dozen a fault, when they
/// are used. What only the start and a burst ran is most of what a daemon at rest would otherwise hold. Segments that
/// were ever writable keep their relocations.
int let_go_of_code(dl_phdr_info* of, std::size_t, void*) {
  std::string_view name = of->dlpi_name;
  if (!name.empty() && !name.starts_with('/')) return 0; // the kernel's own
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (std::size_t i = 0; i < of->dlpi_phnum; ++i) {
    const auto& segment = of->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    auto begin = (of->dlpi_addr + segment.p_vaddr) & ~(page - 1);
    auto end = (of->dlpi_addr + segment.p_vaddr + segment.p_memsz + page - 1) & ~(page - 1);
    ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED); // refused: it stays
  }
  return 0;
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
  ::dl_iterate_phdr(let_go_of_code, nullptr);
  spent_before_ = spent;
}

} // namespace gantry::daemon
