#include "runtime/monitor/host_process.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace gantry::monitor {
namespace {

constexpr std::uint32_t max_collected = 1u << 20; // both streams fit one frame
constexpr std::chrono::milliseconds max_time{std::chrono::hours(1)};

/// One run; lives as long as its job and its watches refer to it.
class host_run : public std::enable_shared_from_this<host_run> {
public:
  host_run(event_loop& loop, run_process what, responder respond)
      : loop_(loop), what_(std::move(what)), respond_(std::move(respond)) {}

  result<launch> prepare() {
    launch with;
    with.plan.argv = what_.argv;
    with.plan.env = what_.env;
    with.plan.targets = {0, 1, 2};
    with.descriptors.resize(3);
    GANTRY_LET(with.descriptors[0], open_scratch(what_.input));
    std::string().swap(what_.input);
    GANTRY_LET(with.descriptors[1], collect(output_));
    GANTRY_LET(with.descriptors[2], collect(error_output_));
    return with;
  }

  void ended(job_end how) {
    how_ = std::move(how);
    bool closed = !output_.fd && !error_output_.fd;
    if (closed || !*how_) return answer();
    patience_ = loop_.after(std::chrono::seconds(1), [self = shared_from_this()] { self->answer(); });
  }

private:
  struct stream {
    sys::unique_fd fd;
    event_loop::watch watch; ///< after fd: dies first
    std::string bytes;
  };

  /// Makes the pipe of one stream and returns the program's end.
  result<sys::unique_fd> collect(stream& into) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
    into.fd.reset(ends[0]);
    sys::unique_fd theirs(ends[1]);
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    auto weak = weak_from_this();
    GANTRY_LET(into.watch, loop_.add(ends[0], EPOLLIN, [weak, &into](std::uint32_t) {
      if (auto self = weak.lock()) self->read_from(into);
    }));
    return theirs;
  }

  void read_from(stream& from) {
    static thread_local std::array<char, 64u << 10> bytes;
    auto got = ::read(from.fd.get(), bytes.data(), bytes.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got > 0) { // what is over the bound is read and thrown away, so that the program does not stall
      auto limit = std::min(what_.max_output, max_collected);
      auto room = limit - std::min<std::size_t>(limit, from.bytes.size());
      from.bytes.append(bytes.data(), std::min(room, static_cast<std::size_t>(got)));
      return;
    }
    from.watch.reset();
    from.fd.reset();
    if (how_ && !output_.fd && !error_output_.fd) answer();
  }

  void answer() {
    if (!respond_) return;
    auto respond = std::exchange(respond_, nullptr);
    auto keep = shared_from_this();
    patience_.reset();
    for (auto* one : {&output_, &error_output_}) {
      one->watch.reset();
      one->fd.reset();
    }
    if (!*how_) return respond(within(how_->error(), "{}", what_.argv.front()));
    respond(reply(process_result{(*how_)->code, std::move(output_.bytes), std::move(error_output_.bytes)}));
  }

  event_loop& loop_;
  run_process what_;
  responder respond_;
  stream output_, error_output_;
  std::optional<job_end> how_;
  event_loop::timer patience_;
};

} // namespace

void run_host_process(event_loop& loop, job_queue& queue, run_process what, responder respond) {
  if (what.argv.empty() || !what.argv.front().starts_with('/'))
    return respond(fail(errc::invalid_argument, "run_process: argv must begin with an absolute path"));
  auto timeout = std::clamp(what.timeout, std::chrono::milliseconds(1), max_time);
  auto run = std::make_shared<host_run>(loop, std::move(what), std::move(respond));
  queue.add({[run] { return run->prepare(); }, timeout, [run](job_end how) { run->ended(std::move(how)); }});
}

} // namespace gantry::monitor
