#include "runtime/monitor/zygote.hpp"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "runtime/monitor/protocol/messages.hpp"
#include "runtime/sys/descriptor_passing.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/niceness.hpp"
#include "runtime/sys/sealed_program.hpp"
#include "runtime/sys/spawn_settings.hpp"

namespace gantry::monitor {
namespace {

constexpr int zygote_socket = 3;

/// The answer to one order. After a launch that failed, `text` bytes follow; with one that did not came two
/// descriptors: the process's pidfd, and its progress.
struct spawned {
  std::int32_t pid = -1;
  std::int32_t os_errno = 0;
  errc code = errc::internal;
  std::uint32_t text = 0;
};

/// What an order begins with.
constexpr std::uint32_t plan_kind = 1, native_kind = 2;
struct order_head {
  std::uint32_t length = 0;
  std::uint32_t kind = 0; ///< no padding: all of it travels
};

/// This program's own image in memory that nobody can change: an upgrade on disk, or a container that got hold of
/// /proc/<pid>/exe, does not reach it.
result<sys::unique_fd> sealed_copy_of_self() {
  const sys::unique_fd self(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  if (!self) return fail_errno(errno, "open /proc/self/exe");
  return sys::sealed_copy(self.get(), "gantry-zygote");
}

struct order {
  std::uint32_t kind = 0; ///< 0: the monitor has closed
  sys::received what;
};

/// Reads `size` bytes. False when the other end has closed.
bool read_exactly(int socket, char* into, std::size_t size) {
  while (size > 0) {
    auto got = ::read(socket, into, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    into += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

/// Reads one order of the stream: its head, the descriptors with that, and its bytes.
result<order> read_order(int socket) {
  GANTRY_LET(auto first, sys::receive_with_descriptors(socket, sizeof(order_head), MSG_WAITALL));
  if (first.bytes.size() < sizeof(order_head)) return order{};
  order_head head;
  std::memcpy(&head, first.bytes.data(), sizeof head);
  if (head.length > max_frame_bytes) return fail(errc::corrupt, "zygote: a plan of {} bytes", head.length);
  first.bytes.resize(head.length);
  if (!read_exactly(socket, first.bytes.data(), head.length)) return order{};
  return order{head.kind, std::move(first)};
}

/// Makes the child. CLONE_PARENT: its parent is the monitor, which gets its SIGCHLD (clone(2)).
spawned make_child(const sys::received& from, int niceness) {
  clone_args arguments{};
  arguments.flags = CLONE_PARENT;
  auto pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid < 0) return {-1, errno, errc::internal, 0};
  if (pid > 0) return {static_cast<std::int32_t>(pid), 0, errc::internal, 0};
  sys::set_niceness(niceness);
  auto plan = decode_child_plan(from.bytes);
  if (!plan) ::_exit(127);
  std::vector<int> descriptors;
  for (const auto& fd : from.descriptors) descriptors.push_back(fd.get());
  carry_out(*plan, descriptors);
}

std::string_view bytes_of(const spawned& answer) { return {reinterpret_cast<const char*>(&answer), sizeof answer}; }

/// Serves a native order and answers it. False when the monitor is gone.
bool launch_and_answer(const sys::received& from, int niceness) {
  auto launched = [&]() -> result<native::started> {
    GANTRY_LET(const auto what, decode_native_order(from.bytes));
    return carry_out_order(what, from.descriptors, niceness);
  }();
  if (launched) {
    spawned answer{launched->pid, 0, errc::internal, 0};
    return sys::send_with_descriptors(zygote_socket, bytes_of(answer),
                                      {launched->pidfd.get(), launched->progress.get()})
        .has_value();
  }
  const auto& why = launched.error();
  spawned answer{-1, why.os_errno, why.code, static_cast<std::uint32_t>(why.message.size())};
  return sys::write_all(zygote_socket, std::string(bytes_of(answer)) + why.message).has_value();
}

} // namespace

result<zygote> zygote::start(int niceness) {
  GANTRY_LET(auto program, sealed_copy_of_self());
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return fail_errno(errno, "socketpair");
  sys::unique_fd ours(ends[0]), theirs(ends[1]);
  sys::spawn_settings settings;
  ::posix_spawn_file_actions_addopen(&settings.actions, 0, "/dev/null", O_RDWR, 0);
  ::posix_spawn_file_actions_adddup2(&settings.actions, theirs.get(), zygote_socket);
  auto path = "/proc/self/fd/" + std::to_string(program.get());
  auto value = std::to_string(niceness);
  char name[] = "gantry-zygote", argument[] = "--zygote";
  char* argv[] = {name, argument, value.data(), nullptr};
  pid_t pid = -1;
  if (int failed = ::posix_spawn(&pid, path.c_str(), &settings.actions, &settings.attributes, argv, environ);
      failed != 0)
    return fail_errno(failed, "start the zygote");
  return zygote(std::move(ours), pid);
}

result<void> zygote::send(std::uint32_t kind, const std::string& order, const std::vector<int>& descriptors) {
  order_head head;
  head.length = static_cast<std::uint32_t>(order.size());
  head.kind = kind;
  auto bytes = std::string(reinterpret_cast<const char*>(&head), sizeof head) + order;
  if (auto sent = sys::send_with_descriptors(socket_.get(), bytes, descriptors); !sent)
    return fail(errc::unavailable, "the zygote is gone: {}", sent.error().message);
  return {};
}

result<native::started> zygote::launch(const native_order& order, const std::vector<int>& descriptors) {
  GANTRY_TRY(send(native_kind, encode(order), descriptors));
  auto got = sys::receive_with_descriptors(socket_.get(), sizeof(spawned), MSG_WAITALL);
  if (!got || got->bytes.size() != sizeof(spawned)) return fail(errc::unavailable, "the zygote is gone");
  spawned answer;
  std::memcpy(&answer, got->bytes.data(), sizeof answer);
  if (answer.pid > 0 && got->descriptors.size() == 2)
    return native::started{answer.pid, std::move(got->descriptors[0]), std::move(got->descriptors[1])};
  std::string text(answer.text, '\0');
  if (!read_exactly(socket_.get(), text.data(), text.size())) return fail(errc::unavailable, "the zygote is gone");
  return tl::unexpected<error>(error{answer.code, std::move(text), answer.os_errno});
}

result<pid_t> zygote::spawn(const child_plan& plan, const std::vector<int>& descriptors) {
  GANTRY_TRY(send(plan_kind, encode(plan), descriptors));
  spawned answer;
  ssize_t got = 0;
  do got = ::recv(socket_.get(), &answer, sizeof answer, MSG_WAITALL);
  while (got < 0 && errno == EINTR);
  if (got != sizeof answer) return fail(errc::unavailable, "the zygote is gone");
  if (answer.pid < 0) return fail_errno(answer.os_errno, "make a process");
  return answer.pid;
}

int zygote_main(int niceness) {
  ::prctl(PR_SET_NAME, "gantry-zygote");
  // Inherited by the children until execve: another process cannot read what they hold for a container.
  ::prctl(PR_SET_DUMPABLE, 0);
  for (;;) {
    auto next = read_order(zygote_socket);
    if (!next || next->kind == 0) return next ? 0 : 1;
    if (next->kind == native_kind) {
      if (!launch_and_answer(next->what, niceness)) return 1;
      continue;
    }
    auto answer = make_child(next->what, niceness);
    next->what.descriptors.clear();
    if (!sys::write_all(zygote_socket, bytes_of(answer))) return 1;
  }
}

} // namespace gantry::monitor
