#include "tests/api/cri/streaming/fake_backend.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "runtime/stream/stream_frame.hpp"
#include "runtime/sys/files.hpp"

namespace gantry::test {
namespace {

constexpr std::string_view token = "0123456789abcdef0123456789abcdef";

void be_patient(int fd) {
  timeval patience{30, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

} // namespace

void monitor_end::send(monitor::frame type, std::string_view payload) {
  std::string bytes;
  stream::append_frames(bytes, type, payload);
  for (std::string_view left = bytes; !left.empty();) {
    auto sent = ::send(fd_.get(), left.data(), left.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    left.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void monitor_end::exit(int code) { send(monitor::frame::end, stream::end_payload(code)); }

bool monitor_end::read_exactly(char* into, std::size_t size) {
  for (std::size_t done = 0; done < size;) {
    auto got = ::recv(fd_.get(), into + done, size - done, 0);
    if (got <= 0) return false;
    done += static_cast<std::size_t>(got);
  }
  return true;
}

std::string monitor_end::read_stdin() {
  unsigned char head[stream::header_bytes];
  if (!read_exactly(reinterpret_cast<char*>(head), sizeof head)) return {};
  auto length = std::size_t{head[4]} << 24U | std::size_t{head[5]} << 16U | std::size_t{head[6]} << 8U | head[7];
  std::string payload(length, '\0');
  if (!read_exactly(payload.data(), length)) return {};
  return payload;
}

std::string monitor_end::read_all_stdin() {
  std::string all;
  for (auto part = read_stdin(); !part.empty(); part = read_stdin()) all += part;
  return all;
}

fake_backend::fake_backend() {
  char name[] = "/tmp/gantry-test-XXXXXX";
  folder_ = ::mkdtemp(name);
}

fake_backend::~fake_backend() {
  join();
  (void)sys::remove_tree(folder_);
}

void fake_backend::run(script what) {
  std::lock_guard guard(lock_);
  script_ = std::move(what);
}

void fake_backend::join() {
  std::vector<std::thread> begun;
  {
    std::lock_guard guard(lock_);
    begun.swap(threads_);
  }
  for (auto& one : begun) one.join();
}

void fake_backend::exec(const cri::exec_request& what, cri::answer<cri::process_stream> to) {
  {
    std::lock_guard guard(lock_);
    commands_.push_back(what.command.front());
  }
  if (what.command.front() == "missing") return to(fail(errc::not_found, "no such program: missing"));
  begin(what.container, std::move(to));
}

void fake_backend::attach(const cri::attach_request& what, cri::answer<cri::process_stream> to) {
  begin(what.container, std::move(to));
}

void fake_backend::begin(const std::string& container, cri::answer<cri::process_stream> to) {
  std::lock_guard guard(lock_);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  auto path = folder_ + "/" + std::to_string(next_++);
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  sys::unique_fd listening(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  be_patient(listening.get());
  if (::bind(listening.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listening.get(), 1) != 0)
    return to(fail_errno(errno, "listen on {}", path));
  threads_.emplace_back([this, what = script_, fd = std::move(listening)]() mutable { serve(std::move(fd), what); });
  // From another thread, as an actor would.
  threads_.emplace_back([to = std::move(to), path, container] {
    to(cri::process_stream{path, std::string(token), container, "exec"});
  });
}

void fake_backend::serve(sys::unique_fd listening, const script& what) {
  sys::unique_fd from(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!from) return;
  be_patient(from.get());
  char said[token.size()];
  if (::recv(from.get(), said, sizeof said, MSG_WAITALL) != sizeof said) return;
  if (std::string_view(said, sizeof said) != token) return;
  monitor_end end(std::move(from));
  what(end);
}

void fake_backend::resize(const cri::process_stream&, cri::terminal_size size) {
  std::lock_guard guard(lock_);
  sizes_.push_back(size);
}

std::vector<cri::terminal_size> fake_backend::sizes(std::size_t count) {
  for (int tries = 0; tries < 3000; ++tries) {
    {
      std::lock_guard guard(lock_);
      if (sizes_.size() >= count) return sizes_;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return {};
}

std::vector<std::string> fake_backend::commands() {
  std::lock_guard guard(lock_);
  return commands_;
}

void fake_backend::connect(const std::string&, std::uint16_t port, cri::answer<sys::unique_fd> to) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sys::unique_fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    return to(fail_errno(errno, "connect to port {}", port));
  to(std::move(fd));
}

} // namespace gantry::test
