#include "runtime/sys/niceness.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <string>

#include "runtime/sys/unique_fd.hpp"

namespace gantry::sys {

int niceness() { return ::getpriority(PRIO_PROCESS, 0); }

void set_niceness(int value) {
  if (::setpriority(PRIO_PROCESS, 0, value) != 0 || ::getsid(0) != ::getpid()) return;
  const unique_fd group(::open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC)); // not there: sessions do not compete
  const auto text = std::to_string(value);
  if (group) (void)!::write(group.get(), text.data(), text.size());
}

void interrupt_nobody() {
  const sched_param none{};
  (void)!::sched_setscheduler(0, SCHED_BATCH, &none);
}

} // namespace gantry::sys
