#include "tools/gantry/commands/attachment.hpp"

#include <poll.h>

#include <cerrno>

#include "tools/gantry/commands/common.hpp"

namespace gantry::cli {

result<attachment> attachment::begin(context& with, attachment_options how) {
  if (how.terminal && how.input && !with.io.in_is_terminal)
    return fail(errc::failed_precondition,
                "the input device is not a TTY: leave -t out, or run gantry from a terminal");
  GANTRY_LET(auto keys, detach_keys::parse(how.detach_keys));
  attachment made(with, std::move(how), std::move(keys));
  if (made.how_.terminal) {
    // Those that would end this program leave the terminal raw unless they are taken.
    GANTRY_LET(auto watch, signal_watch::begin({SIGWINCH, SIGINT, SIGTERM, SIGHUP, SIGQUIT}));
    made.watch_.emplace(std::move(watch));
  } else if (!made.how_.kill_target.empty()) {
    GANTRY_LET(auto watch, signal_watch::begin({SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM}));
    made.watch_.emplace(std::move(watch));
  }
  return made;
}

bool attachment::on_signal(int signal) {
  if (signal == SIGWINCH) {
    resize();
    return true;
  }
  if (how_.terminal) {
    ended_by_ = signal;
    return false;
  }
  auto target = how_.kill_target;
  http::add_query(target, "signal", signal_name(signal));
  // A container that has exited in the meantime refuses it: its end comes by the stream.
  (void)with_.api.post(target);
  return true;
}

void attachment::resize() {
  auto size = window_size_of(with_.io.out_fd);
  if (!size || how_.resize_target.empty()) return;
  auto target = how_.resize_target;
  http::add_query(target, "h", std::to_string(size->rows));
  http::add_query(target, "w", std::to_string(size->columns));
  (void)with_.api.post(target); // a wrong size is no reason to end
}

signal_rule attachment::rule() {
  return {watch_ ? &*watch_ : nullptr, [this](int signal) { return on_signal(signal); }};
}

result<session::ending> attachment::pump(http::raw_stream stream) {
  std::optional<raw_mode> raw;
  if (how_.terminal && how_.input) {
    GANTRY_LET(auto entered, raw_mode::enter(with_.io.in_fd));
    raw.emplace(std::move(entered));
  }
  if (how_.terminal) resize();
  session talk(std::move(stream), with_.io,
               {.forward_input = how_.input, .terminal = how_.terminal, .keys = keys_, .signals = rule()});
  return talk.run();
}

result<bool> attachment::wait_readable(int descriptor) {
  for (;;) {
    pollfd events[2] = {{descriptor, POLLIN, 0}, {watch_ ? watch_->descriptor() : -1, POLLIN, 0}};
    if (::poll(events, 2, -1) < 0 && errno != EINTR) return fail_errno(errno, "wait for the container's exit");
    if (events[1].revents != 0 && !rule().drain()) return false;
    if (events[0].revents != 0) return true;
  }
}

namespace {

result<int> exit_code_of(const json& exited) {
  if (auto failure = text(exited, "Error.Message"); !failure.empty()) return fail(errc::internal, "{}", failure);
  return static_cast<int>(number(exited, "StatusCode"));
}

result<json> answer_of(context& with, http::response& waiting) {
  // The head may have been read before the start; `status` is 0 until then.
  if (waiting.status() == 0) GANTRY_TRY(with.api.await(waiting, std::chrono::milliseconds(-1)));
  GANTRY_LET(auto body, waiting.read_all(1 << 20));
  return parse_json(body, "wait");
}

} // namespace

result<int> await_exit(context& with, const std::string& id, http::response& waiting, attachment& during) {
  GANTRY_LET(auto come, during.wait_readable(waiting.descriptor()));
  if (!come) return during.signal_code();
  auto exited = answer_of(with, waiting);
  if (!exited && exited.error().code == errc::unavailable) exited = with.api.post(container_path(id, "wait"));
  if (!exited) return tl::unexpected<error>(exited.error());
  return exit_code_of(*exited);
}

int start_failure_code(const error& failure) {
  auto says = [&](const char* words) { return failure.message.find(words) != std::string::npos; };
  if (says("executable file not found") || says("no such file or directory") || says("No such file or directory"))
    return 127;
  if (says("permission denied") || says("Permission denied") || says("is a directory") || says("exec format error") ||
      says("Exec format error"))
    return 126;
  return 125;
}

} // namespace gantry::cli
