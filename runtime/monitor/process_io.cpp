#include "runtime/monitor/process_io.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "runtime/monitor/fifo.hpp"
#include "runtime/monitor/job_queue.hpp"
#include "runtime/monitor/wall_clock.hpp"
#include "runtime/sys/descriptor_passing.hpp"

namespace gantry::monitor {
namespace {

constexpr std::size_t high_input = 64u << 10;

} // namespace

process_io::~process_io() {
  for (auto& client : clients_) client->close();
}

// -- making and taking -----------------------------------------------------------------------------------------------

result<std::vector<sys::unique_fd>> process_io::open(const std::string& folder, const std::string& prefix) {
  open_log();
  return how_.tty ? open_console(folder, prefix) : open_pipes(folder, prefix);
}

void process_io::open_log() {
  if (how_.log.driver == "none" || how_.log.path.empty()) return;
  auto self = weak_from_this();
  log_queue::callbacks on;
  on.on_space = [self] {
    auto io = self.lock();
    if (!io) return;
    io->log_full_ = false;
    io->update_reading();
  };
  on.on_written = [self] {
    auto io = self.lock();
    if (!io) return;
    for (const auto& client : std::vector(io->clients_))
      if (client->wants().what == open_stream::kind::follow_log) client->send_log_advanced();
  };
  log_ = disk_.open(how_.log, std::move(on));
}

result<std::vector<sys::unique_fd>> process_io::open_pipes(const std::string& folder, const std::string& prefix) {
  std::vector<sys::unique_fd> theirs(3);
  const fifo::owner owner{how_.uid, how_.gid};
  if (how_.open_stdin) {
    GANTRY_LET(auto pipe, fifo::make(folder + "/" + prefix + "stdin", fifo::direction::to_container, owner));
    in_ = std::move(pipe.ours);
    theirs[0] = std::move(pipe.theirs);
  } else {
    GANTRY_LET(theirs[0], open_null());
  }
  GANTRY_LET(auto out, fifo::make(folder + "/" + prefix + "stdout", fifo::direction::from_container, owner));
  GANTRY_LET(auto err, fifo::make(folder + "/" + prefix + "stderr", fifo::direction::from_container, owner));
  out_ = {std::move(out.ours), {}, log::output::out};
  err_ = {std::move(err.ours), {}, log::output::err};
  theirs[1] = std::move(out.theirs);
  theirs[2] = std::move(err.theirs);
  return theirs;
}

result<std::vector<sys::unique_fd>> process_io::open_console(const std::string& folder, const std::string& prefix) {
  GANTRY_LET(scratch_, open_scratch());
  std::vector<sys::unique_fd> theirs(3);
  GANTRY_LET(theirs[0], open_null());
  for (std::size_t i : {1U, 2U}) theirs[i].reset(::fcntl(scratch_.get(), F_DUPFD_CLOEXEC, 0));
  if (how_.console_pair) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return fail_errno(errno, "socketpair");
    console_socket_.reset(ends[0]);
    theirs.emplace_back(ends[1]);
  } else {
    GANTRY_LET(console_socket_, listen_below(folder, prefix + "console.sock"));
  }
  return theirs;
}

result<void> process_io::reopen(const std::string& folder) {
  open_log();
  if (how_.tty) return {};
  GANTRY_LET(out_.fd, fifo::reopen(folder + "/stdout", fifo::direction::from_container));
  GANTRY_LET(err_.fd, fifo::reopen(folder + "/stderr", fifo::direction::from_container));
  err_.from = log::output::err;
  if (how_.open_stdin) { // nobody reads it any more: then it is as good as closed
    if (auto in = fifo::reopen(folder + "/stdin", fifo::direction::to_container)) in_ = std::move(*in);
  }
  return started();
}

result<void> process_io::started() {
  if (how_.tty) GANTRY_TRY(take_terminal());
  scratch_.reset();
  started_ = true;
  if (how_.hold_output && clients_.empty()) hold_timer_ = loop_.after(hold_patience, [this] { release_output(); });
  update_reading();
  flush_input();
  return {};
}

result<void> process_io::take_terminal() {
  // The runtime sent it before it ended, so it waits in the socket: no need to be told by epoll.
  auto peer = std::move(console_socket_);
  if (!how_.console_pair) peer.reset(::accept4(peer.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!peer) return fail_errno(errno, "take the terminal: the runtime did not pass it");
  GANTRY_LET(auto passed, sys::receive_with_descriptors(peer.get(), 4096, MSG_DONTWAIT));
  if (passed.descriptors.empty()) return fail(errc::unavailable, "the runtime passed no terminal");
  out_ = {std::move(passed.descriptors.front()), {}, log::output::out};
  ::fcntl(out_.fd.get(), F_SETFL, O_RDWR | O_NONBLOCK);
  if (how_.height != 0 && how_.width != 0) return resize(how_.height, how_.width);
  return {};
}

std::string process_io::take_printed() {
  if (scratch_) return read_scratch(scratch_.get());
  std::string printed(64u << 10, '\0');
  auto got = err_.fd ? ::read(err_.fd.get(), printed.data(), printed.size()) : 0;
  printed.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return printed;
}

// -- output ----------------------------------------------------------------------------------------------------------

bool process_io::may_read() const {
  if (!started_ || log_full_ || hold_timer_) return false;
  // Once the process has ended what is left is little, and its end is not to wait for a slow client.
  auto limit = drained_ ? 2 * stream_session::high_water : stream_session::high_water;
  return std::none_of(clients_.begin(), clients_.end(),
                      [limit](const auto& client) { return client->unsent() > limit; });
}

void process_io::update_reading() {
  bool read = may_read();
  for (auto* from : {&out_, &err_}) {
    // Not watched at all while it must wait: EPOLLHUP cannot be masked and would be told again and again.
    if (!from->fd || !read)
      from->watch.reset();
    else if (!from->watch) {
      auto watch = loop_.add(from->fd.get(), EPOLLIN, [this, from](std::uint32_t) { read_from(*from); });
      if (watch) from->watch = std::move(*watch);
    }
  }
}

void process_io::release_output() {
  hold_timer_.reset();
  update_reading();
}

void process_io::read_from(source& from) {
  static thread_local std::array<char, 64u << 10> bytes;
  auto keep = shared_from_this(); // a client that closes may hold the last reference elsewhere
  auto got = ::read(from.fd.get(), bytes.data(), bytes.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  // A terminal says EIO once its last user has closed it.
  if (got <= 0) return source_ended(from);
  deliver(from.from, {bytes.data(), static_cast<std::size_t>(got)});
}

void process_io::source_ended(source& from) {
  from.watch.reset();
  if (!how_.tty || drained_) {
    from.fd.reset();
    return check_drained();
  }
  // Nobody has the terminal open, but while init lives it may be opened again through /dev/console; no event says so.
  retry_timer_ = loop_.after(std::chrono::seconds(1), [this] { update_reading(); });
}

void process_io::deliver(log::output from, std::string_view bytes) {
  if (log_ && !disk_.add(log_, from, wall_clock(), bytes)) log_full_ = true;
  kept_.append(bytes.substr(0, how_.keep_output - kept_.size()));
  for (const auto& client : std::vector(clients_)) {
    const auto& wants = client->wants();
    if (wants.what != open_stream::kind::attach) continue;
    if (from == log::output::out && wants.want_stdout) client->send(frame::stdout_data, bytes);
    if (from == log::output::err && wants.want_stderr) client->send(frame::stderr_data, bytes);
  }
  if (!may_read()) update_reading();
}

void process_io::drain(std::function<void()> drained) {
  drained_ = std::move(drained);
  started_ = true;
  retry_timer_.reset();
  in_watch_.reset();
  in_.reset();
  update_reading();
  drain_timer_ = loop_.after(drain_patience, [this] { give_up_draining(); });
  check_drained();
}

void process_io::give_up_draining() {
  if (log_full_ || hold_timer_) { // not a grandchild: the disk is slow and the log must be whole, or a client comes yet
    drain_timer_ = loop_.after(drain_patience, [this] { give_up_draining(); });
    return;
  }
  for (auto* from : {&out_, &err_}) {
    from->watch.reset();
    from->fd.reset();
  }
  check_drained();
}

void process_io::check_drained() {
  if (!drained_ || out_.fd || err_.fd) return;
  drain_timer_.reset();
  std::exchange(drained_, nullptr)();
}

void process_io::finish(int exit_code) {
  for (auto& client : std::exchange(clients_, {})) client->end(exit_code);
}

void process_io::abandon() {
  for (auto& client : std::exchange(clients_, {})) client->close();
}

// -- clients and input -----------------------------------------------------------------------------------------------

void process_io::attach(const std::shared_ptr<stream_session>& client) {
  auto self = weak_from_this();
  auto* session = client.get();
  stream_session::callbacks on;
  on.input = [self](std::string_view bytes) {
    if (auto io = self.lock()) io->take_input(bytes);
  };
  on.input_end = [self] {
    if (auto io = self.lock()) io->close_input();
  };
  on.input_shut = [self] {
    if (auto io = self.lock()) io->shut_input();
  };
  on.drained = [self] {
    if (auto io = self.lock()) io->update_reading();
  };
  on.closed = [self, session] {
    if (auto io = self.lock()) io->client_closed(session);
  };
  clients_.push_back(client);
  update_follow();
  client->start(std::move(on));
  if (client->is_open() && pending_input_.size() > high_input) client->hold_input(true);
  release_output();
}

void process_io::client_closed(const stream_session* gone) {
  auto found = std::find_if(clients_.begin(), clients_.end(), [gone](const auto& c) { return c.get() == gone; });
  if (found == clients_.end()) return;
  bool fed_stdin = (*found)->wants().want_stdin;
  // The session is within its own close(): it is let go after that.
  loop_.post([client = std::move(*found)] {});
  clients_.erase(found);
  if (fed_stdin && how_.stdin_once) close_input();
  update_follow();
  update_reading();
}

void process_io::update_follow() {
  if (!log_) return;
  disk_.follow(log_, std::any_of(clients_.begin(), clients_.end(), [](const auto& client) {
                 return client->wants().what == open_stream::kind::follow_log;
               }));
}

void process_io::take_input(std::string_view bytes) {
  if (input_closing_ || (!in_ && !how_.tty)) return;
  pending_input_.append(bytes);
  flush_input();
  if (pending_input_.size() > high_input)
    for (const auto& client : clients_) client->hold_input(true);
}

void process_io::shut_input() {
  if (how_.stdin_once) close_input();
}

void process_io::close_input() {
  // A terminal has no half-close; what it should read at its end is the client's to send (Ctrl-D).
  if (how_.tty) return;
  input_closing_ = true;
  flush_input();
}

void process_io::flush_input() {
  if (!started_) return;
  int fd = how_.tty ? out_.fd.get() : in_.get();
  while (fd >= 0 && !pending_input_.empty()) {
    auto put = ::write(fd, pending_input_.data(), pending_input_.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno == EAGAIN) break;
    if (put < 0)
      pending_input_.clear(); // nobody reads it any more
    else
      pending_input_.erase(0, static_cast<std::size_t>(put));
  }
  if (fd >= 0 && !pending_input_.empty()) {
    // A terminal's master is watched for reading already: a second descriptor of it for writing.
    if (how_.tty && !in_) in_.reset(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    if (!in_watch_)
      if (auto watch = loop_.add(in_.get(), EPOLLOUT, [this](std::uint32_t) { flush_input(); }))
        in_watch_ = std::move(*watch);
    return;
  }
  in_watch_.reset();
  if (how_.tty || input_closing_) in_.reset();
  if (pending_input_.capacity() > high_input) std::string().swap(pending_input_);
  for (const auto& client : clients_) client->hold_input(false);
}

result<void> process_io::resize(std::uint16_t height, std::uint16_t width) {
  if (!how_.tty || !out_.fd) return fail(errc::failed_precondition, "the process has no terminal");
  winsize size{};
  size.ws_row = height;
  size.ws_col = width;
  if (::ioctl(out_.fd.get(), TIOCSWINSZ, &size) != 0) return fail_errno(errno, "resize the terminal");
  return {};
}

} // namespace gantry::monitor
