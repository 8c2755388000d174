#include "runtime/monitor/job_queue.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "runtime/sys/files.hpp"

namespace gantry::monitor {

void job_queue::add(job what) {
  waiting_.push_back(std::move(what));
  ++next_;
  start_next();
}

std::uint64_t job_queue::oldest() const {
  auto oldest = next_ - waiting_.size();
  for (const auto& [pid, one] : running_) oldest = std::min(oldest, one.number);
  return oldest;
}

void job_queue::start_next() {
  if (starting_) return; // a job that fails at once adds another from its `done`: no recursion
  starting_ = true;
  while (running_.size() < limit_ && !waiting_.empty()) {
    auto number = next_ - waiting_.size();
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    start(std::move(next), number);
  }
  starting_ = false;
}

void job_queue::start(job what, std::uint64_t number) {
  auto prepared = what.prepare();
  if (!prepared) return what.done(tl::unexpected<error>(prepared.error()));
  std::vector<int> descriptors;
  for (const auto& fd : prepared->descriptors) descriptors.push_back(fd.get());
  auto child = std::make_shared<pid_t>(-1);
  auto pid =
      processes_.spawn(prepared->plan, descriptors, [this, child](exit_status status) { ended(*child, status); });
  if (!pid) return what.done(tl::unexpected<error>(pid.error()));
  *child = *pid;
  auto& entry = running_[*pid];
  entry.number = number;
  entry.done = std::move(what.done);
  entry.deadline = loop_.after(what.timeout, [this, child] { kill(*child); });
}

void job_queue::kill(pid_t pid) {
  auto found = running_.find(pid);
  if (found == running_.end()) return;
  found->second.timed_out = true;
  // Not reaped yet, so the pid is still this child's. It leads a group of its own, unless it was killed before setsid.
  if (::kill(-pid, SIGKILL) != 0) ::kill(pid, SIGKILL);
}

void job_queue::ended(pid_t pid, exit_status status) {
  auto found = running_.find(pid);
  if (found == running_.end()) return;
  auto done = std::move(found->second.done);
  bool timed_out = found->second.timed_out;
  running_.erase(found);
  if (timed_out)
    done(fail(errc::timeout, "it did not end in time and was killed"));
  else
    done(status);
  start_next();
}

result<sys::unique_fd> open_null() {
  sys::unique_fd fd(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!fd) return fail_errno(errno, "open /dev/null");
  return fd;
}

result<sys::unique_fd> open_scratch(std::string_view content) {
  sys::unique_fd fd(::memfd_create("gantry-scratch", MFD_CLOEXEC));
  if (!fd) return fail_errno(errno, "memfd_create");
  GANTRY_TRY(sys::write_all(fd.get(), content));
  ::lseek(fd.get(), 0, SEEK_SET);
  return fd;
}

std::string read_scratch(int fd) {
  std::string content(64u << 10, '\0');
  auto got = ::pread(fd, content.data(), content.size(), 0);
  content.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return content;
}

} // namespace gantry::monitor
