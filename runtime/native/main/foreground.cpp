#include "runtime/native/main/foreground.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "runtime/sys/files.hpp"

namespace gantry::oci_program {
namespace {

/// The caller's terminal without echo and line editing, until the end of this object's life.
class raw_terminal {
public:
  raw_terminal() {
    if (::tcgetattr(0, &before_) != 0) return;
    auto raw = before_;
    ::cfmakeraw(&raw);
    raw.c_oflag |= OPOST;
    changed_ = ::tcsetattr(0, TCSANOW, &raw) == 0;
  }
  ~raw_terminal() {
    if (changed_) ::tcsetattr(0, TCSANOW, &before_);
  }
  raw_terminal(const raw_terminal&) = delete;
  raw_terminal& operator=(const raw_terminal&) = delete;

private:
  termios before_{};
  bool changed_ = false;
};

result<sys::unique_fd> receive_master(int socket) {
  char name[4096];
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  iovec part{name, sizeof name};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  if (::recvmsg(socket, &message, MSG_CMSG_CLOEXEC) <= 0) return fail_errno(errno, "receive the terminal's master");
  const auto* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return fail(errc::internal, "no terminal's master came");
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return sys::unique_fd(fd);
}

void copy_size(int master) {
  winsize size{};
  if (::ioctl(0, TIOCGWINSZ, &size) == 0) ::ioctl(master, TIOCSWINSZ, &size);
}

/// Moves what is there; false at the end.
bool pump(int from, int to) {
  char buffer[32768];
  const auto got = ::read(from, buffer, sizeof buffer);
  if (got < 0) return errno == EINTR || errno == EAGAIN;
  return got > 0 && sys::write_all(to, {buffer, static_cast<std::size_t>(got)}).has_value();
}

int exit_code(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return 255;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void pass_signal(int signals, const native::started& process, int master) {
  signalfd_siginfo info{};
  if (::read(signals, &info, sizeof info) != sizeof info) return;
  if (info.ssi_signo == SIGWINCH && master >= 0) return copy_size(master);
  if (info.ssi_signo == SIGCHLD) return;
  ::syscall(SYS_pidfd_send_signal, process.pidfd.get(), static_cast<int>(info.ssi_signo), nullptr, 0U);
}

sys::unique_fd catch_signals() {
  sigset_t all;
  ::sigfillset(&all);
  for (const int own : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGURG, SIGTTIN, SIGTTOU, SIGTSTP, SIGPIPE})
    ::sigdelset(&all, own);
  ::sigprocmask(SIG_BLOCK, &all, nullptr);
  return sys::unique_fd(::signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK));
}

} // namespace

result<console_ends> make_console() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return fail_errno(errno, "socketpair");
  return console_ends{sys::unique_fd(ends[0]), sys::unique_fd(ends[1])};
}

result<sys::unique_fd> connect_console(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return fail(errc::invalid_argument, "console socket {}: too long", path);
  std::memcpy(address.sun_path, path.c_str(), path.size());
  sys::unique_fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket || ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail_errno(errno, "console socket {}", path);
  return socket;
}

result<int> follow(const native::started& process, const sys::unique_fd& console) {
  const auto signals = catch_signals();
  sys::unique_fd master;
  if (console) {
    GANTRY_LET(master, receive_master(console.get()));
    copy_size(master.get());
  }
  std::optional<raw_terminal> raw;
  if (master) raw.emplace();
  bool input_open = static_cast<bool>(master), output_open = input_open;
  for (;;) {
    pollfd watched[] = {{process.pidfd.get(), POLLIN, 0},
                        {signals.get(), POLLIN, 0},
                        {input_open ? 0 : -1, POLLIN, 0},
                        {output_open ? master.get() : -1, POLLIN, 0}};
    if (::poll(watched, 4, -1) < 0 && errno != EINTR) return fail_errno(errno, "poll");
    if (watched[1].revents != 0) pass_signal(signals.get(), process, master.get());
    if (watched[2].revents != 0) input_open = pump(0, master.get());
    if (watched[3].revents != 0) output_open = pump(master.get(), 1);
    // What the terminal still holds is shown before the end is told.
    if (watched[0].revents != 0 && watched[3].revents == 0) return exit_code(process.pid);
  }
}

result<void> write_pid_file(const std::string& path, pid_t pid) {
  if (path.empty()) return {};
  return sys::write_file(path, std::to_string(pid), 0666);
}

} // namespace gantry::oci_program
