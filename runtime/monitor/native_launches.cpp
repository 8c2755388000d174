#include "runtime/monitor/native_launches.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "runtime/monitor/process_handle.hpp"

namespace gantry::monitor {

void native_launches::add(request what) {
  open_.insert(next_);
  waiting_.emplace_back(next_++, std::move(what));
  start_next();
}

void native_launches::start_next() {
  if (starting_) return; // a launch that fails at once adds another from its `done`: no recursion
  starting_ = true;
  while (running_ < limit_ && !waiting_.empty()) {
    auto [number, next] = std::move(waiting_.front());
    waiting_.pop_front();
    start(std::move(next), number);
  }
  starting_ = false;
}

void native_launches::start(request what, std::uint64_t number) {
  auto mark = processes_.mark();
  auto launched = [&]() -> result<native::started> {
    GANTRY_LET(auto prepared, what.prepare());
    std::vector<int> descriptors;
    for (const auto& fd : prepared.descriptors) descriptors.push_back(fd.get());
    return processes_.launch(prepared.order, descriptors);
  }();
  if (!launched) {
    open_.erase(number);
    return what.done(tl::unexpected<error>(std::move(launched.error())));
  }
  ++running_;
  if (what.made) what.made(launched->pid);
  auto one = std::make_shared<running>();
  one->number = number;
  one->process = {launched->pid, std::move(launched->pidfd), mark};
  one->progress = std::move(launched->progress);
  one->done = std::move(what.done);
  ::fcntl(one->progress.get(), F_SETFL, O_NONBLOCK);
  // The watch and the timer refer to it, and it owns them: finish() breaks the circle.
  auto watch = loop_.add(one->progress.get(), EPOLLIN, [this, one](std::uint32_t) { read_progress(one); });
  if (!watch) return finish(one, tl::unexpected<error>(watch.error()));
  one->watch = std::move(*watch);
  one->deadline = loop_.after(patience, [this, one] {
    finish(one, fail(errc::timeout, "it did not come to execute its program within {} s", patience.count()));
  });
}

void native_launches::read_progress(const running_ptr& one) {
  std::array<char, 4096> part;
  auto got = ::read(one->progress.get(), part.data(), part.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got > 0 && one->said.size() < (64u << 10)) {
    one->said.append(part.data(), static_cast<std::size_t>(got));
    return;
  }
  finish(one, native::outcome_of(one->said));
}

// By value: what it is kept by ends here.
void native_launches::finish(running_ptr one, result<void> how) {
  one->watch.reset();
  one->deadline.reset();
  one->progress.reset();
  --running_;
  open_.erase(one->number);
  auto done = std::exchange(one->done, nullptr);
  if (how) {
    done(std::move(one->process));
  } else {
    if (one->process.handle) (void)send_signal(one->process.handle.get(), SIGKILL);
    done(tl::unexpected<error>(std::move(how.error())));
  }
  start_next();
}

} // namespace gantry::monitor
