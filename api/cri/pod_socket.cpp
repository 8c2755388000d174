#include "api/cri/pod_socket.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

namespace gantry::cri {
namespace {

result<sys::unique_fd> connect_to(const sockaddr* where, socklen_t size) {
  constexpr timeval patience{10, 0}; // loopback answers at once, unless the listener's backlog is full
  sys::unique_fd made(::socket(where->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!made) return fail_errno(errno, "socket");
  (void)::setsockopt(made.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (::connect(made.get(), where, size) != 0) return fail_errno(errno, "connect");
  constexpr timeval without_end{0, 0};
  (void)::setsockopt(made.get(), SOL_SOCKET, SO_SNDTIMEO, &without_end, sizeof without_end);
  return made;
}

result<sys::unique_fd> connect_to_loopback(std::uint16_t port) {
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = htons(port);
  four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto made = connect_to(reinterpret_cast<const sockaddr*>(&four), sizeof four);
  if (made) return made;
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(port);
  six.sin6_addr = in6addr_loopback;
  auto other = connect_to(reinterpret_cast<const sockaddr*>(&six), sizeof six);
  if (other) return other;
  return fail(errc::unavailable, "port {} of the pod's loopback: {}", port, made.error().message);
}

} // namespace

result<sys::unique_fd> connect_in(const std::string& network_namespace, std::uint16_t port) {
  if (network_namespace.empty()) return connect_to_loopback(port);
  sys::unique_fd there(::open(network_namespace.c_str(), O_RDONLY | O_CLOEXEC));
  if (!there) return fail_errno(errno, "open the pod's network namespace {}", network_namespace);
  result<sys::unique_fd> made = fail(errc::internal, "no answer");
  // A thread that has entered another namespace must serve nobody else: it ends with this.
  std::thread inside([&] {
    if (::setns(there.get(), CLONE_NEWNET) != 0)
      made = fail_errno(errno, "enter the pod's network namespace");
    else
      made = connect_to_loopback(port);
  });
  inside.join();
  return made;
}

} // namespace gantry::cri
