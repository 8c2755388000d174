#include "runtime/monitor/event_loop.hpp"

#include <sys/eventfd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace gantry::monitor {

event_loop::watch& event_loop::watch::operator=(watch&& other) noexcept {
  if (this == &other) return *this;
  reset();
  loop_ = std::exchange(other.loop_, nullptr);
  fd_ = other.fd_;
  id_ = other.id_;
  events_ = other.events_;
  return *this;
}

void event_loop::watch::reset() {
  if (loop_ == nullptr) return;
  ::epoll_ctl(loop_->epoll_.get(), EPOLL_CTL_DEL, fd_, nullptr);
  loop_->handlers_.erase(id_);
  loop_ = nullptr;
}

void event_loop::watch::set(std::uint32_t events) {
  if (loop_ == nullptr || events == events_) return;
  events_ = events;
  epoll_event change{};
  change.events = events;
  change.data.u64 = id_;
  ::epoll_ctl(loop_->epoll_.get(), EPOLL_CTL_MOD, fd_, &change);
}

event_loop::timer& event_loop::timer::operator=(timer&& other) noexcept {
  if (this == &other) return *this;
  reset();
  loop_ = std::exchange(other.loop_, nullptr);
  key_ = other.key_;
  return *this;
}

void event_loop::timer::reset() {
  if (loop_ != nullptr) loop_->timers_.erase(key_);
  loop_ = nullptr;
}

event_loop::~event_loop() {
  // What the functions hold may own watches and timers, which take themselves out of these maps when they die: the
  // functions are moved out first.
  auto posted = std::move(posted_);
  auto timers = std::move(timers_);
  auto handlers = std::move(handlers_);
  posted.clear();
  timers.clear();
  handlers.clear();
  wake_watch_.reset();
}

result<std::unique_ptr<event_loop>> event_loop::make() {
  std::unique_ptr<event_loop> loop(new event_loop);
  loop->epoll_.reset(::epoll_create1(EPOLL_CLOEXEC));
  if (!loop->epoll_) return fail_errno(errno, "epoll_create");
  loop->wake_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!loop->wake_) return fail_errno(errno, "eventfd");
  auto* self = loop.get();
  GANTRY_LET(loop->wake_watch_, loop->add(loop->wake_.get(), EPOLLIN, [self](std::uint32_t) { self->run_posted(); }));
  return loop;
}

result<event_loop::watch> event_loop::add(int fd, std::uint32_t events, handler on_event) {
  watch made;
  made.fd_ = fd;
  made.id_ = next_id_++;
  made.events_ = events;
  epoll_event interest{};
  interest.events = events;
  interest.data.u64 = made.id_;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &interest) != 0) return fail_errno(errno, "epoll_ctl");
  handlers_.emplace(made.id_, std::make_shared<handler>(std::move(on_event)));
  made.loop_ = this;
  return made;
}

event_loop::timer event_loop::after(std::chrono::milliseconds delay, std::function<void()> on_due) {
  timer made;
  made.key_ = {clock::now() + delay, next_id_++};
  timers_.emplace(made.key_, std::move(on_due));
  made.loop_ = this;
  return made;
}

void event_loop::post(std::function<void()> work) {
  bool first = false;
  {
    std::lock_guard lock(mutex_);
    first = posted_.empty();
    posted_.push_back(std::move(work));
  }
  std::uint64_t one = 1;
  if (first) (void)!::write(wake_.get(), &one, sizeof one); // full: it is awake already
}

void event_loop::run_posted() {
  std::uint64_t count = 0;
  (void)!::read(wake_.get(), &count, sizeof count);
  std::vector<std::function<void()>> work;
  {
    std::lock_guard lock(mutex_);
    work.swap(posted_);
  }
  for (auto& one : work) one();
}

void event_loop::dispatch(std::uint64_t id, std::uint32_t events) {
  auto found = handlers_.find(id);
  if (found == handlers_.end()) return;
  auto keep = found->second; // the handler may remove itself
  (*keep)(events);
}

void event_loop::run_due() {
  auto now = clock::now();
  while (!timers_.empty() && timers_.begin()->first.first <= now) {
    auto due = timers_.extract(timers_.begin());
    due.mapped()();
  }
}

int event_loop::wait_milliseconds() const {
  if (timers_.empty()) return -1;
  auto left = std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first.first - clock::now()).count();
  return left < 0 ? 0 : left > 3'600'000 ? 3'600'000 : static_cast<int>(left);
}

result<void> event_loop::run() {
  std::array<epoll_event, 256> events{};
  while (!stopped_) {
    int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), wait_milliseconds());
    if (count < 0 && errno != EINTR) return fail_errno(errno, "epoll_wait");
    for (int i = 0; i < count; ++i)
      dispatch(events[static_cast<std::size_t>(i)].data.u64, events[static_cast<std::size_t>(i)].events);
    run_due();
  }
  return {};
}

} // namespace gantry::monitor
