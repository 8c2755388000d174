#include "runtime/sys/sealed_program.hpp"

#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include <cerrno>
#include <ctime>

namespace gantry::sys {
namespace {

constexpr int patience = 200;        // attempts
constexpr long between = 10'000'000; // nanoseconds

} // namespace

result<void> seal(int memory) {
  for (int attempt = 1;; ++attempt) {
    if (::fcntl(memory, F_ADD_SEALS, all_seals) == 0) return {};
    if (errno != EBUSY || attempt == patience) return fail_errno(errno, "seal a program in memory");
    const timespec time{0, between};
    ::nanosleep(&time, nullptr);
  }
}

result<unique_fd> sealed_copy(int program, const char* name) {
  unique_fd copy(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  struct stat status {};
  if (!copy || ::fstat(program, &status) != 0) return fail_errno(errno, "copy the program into memory");
  for (auto left = status.st_size; left > 0;) {
    const auto moved = ::sendfile(copy.get(), program, nullptr, static_cast<std::size_t>(left));
    if (moved < 0) return fail_errno(errno, "copy the program into memory");
    if (moved == 0) return fail(errc::unavailable, "copy the program into memory: it became shorter meanwhile");
    left -= moved;
  }
  GANTRY_TRY(seal(copy.get()));
  return copy;
}

} // namespace gantry::sys
