#include "tools/gantry-load/http/pool.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "tools/gantry-load/loop/event.hpp"

namespace gantry::load {

namespace {

using namespace std::chrono_literals;

bool still_open(int fd) {
  char byte = 0;
  return ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

failure no_connection(std::string why) {
  failure made;
  made.why = failure::cause::connect;
  made.words = std::move(why);
  return made;
}

/// 0, or the errno.
int connect_to(int fd, const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return ENAMETOOLONG;
  path.copy(address.sun_path, path.size());
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
}

} // namespace

task<outcome<descriptor>> pool::take(time_point until) {
  while (!idle_.empty()) {
    auto latest = std::move(idle_.back());
    idle_.pop_back();
    if (still_open(latest.get())) co_return latest;
  }
  sys::unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) co_return tl::unexpected(no_connection(std::strerror(errno)));
  auto status = connect_to(fd.get(), socket_);
  for (auto pause = 1ms; status == EAGAIN && clock_type::now() < until; pause = std::min(pause * 2, 50ms)) {
    event nothing(loop_);
    co_await nothing.wait(std::min(until, clock_type::now() + pause));
    status = connect_to(fd.get(), socket_);
  }
  if (status != 0) co_return tl::unexpected(no_connection(std::strerror(status)));
  auto made = descriptor::make(loop_, std::move(fd));
  if (!made) co_return tl::unexpected(no_connection(made.error().message));
  ++made_;
  co_return std::move(*made);
}

void pool::give_back(descriptor connection) { idle_.push_back(std::move(connection)); }

} // namespace gantry::load
