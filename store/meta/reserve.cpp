#include "store/meta/reserve.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/sys/unique_fd.hpp"

namespace gantry::store {

result<void> reserve_file::restore() {
  sys::unique_fd fd(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return fail_errno(errno, "open {}", path_);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return fail_errno(errno, "stat {}", path_);
  if (static_cast<std::uint64_t>(status.st_blocks) * 512 >= bytes_) return {};
  int failed = ::posix_fallocate(fd.get(), 0, static_cast<off_t>(bytes_));
  if (failed == 0) return {};
  ::unlink(path_.c_str()); // half a reserve would only make the disk fuller
  return fail_errno(failed, "reserve {} bytes in {}", bytes_, path_);
}

bool reserve_file::release() { return ::unlink(path_.c_str()) == 0; }

} // namespace gantry::store
