#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdlib>
#include <string>

#include "runtime/sys/files.hpp"
#include "runtime/sys/unique_fd.hpp"
#include "tests/catch.hpp"

namespace gantry::test {

struct folder {
  std::string path;
  folder() {
    char name[] = "/tmp/gantry-test-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~folder() { (void)sys::remove_tree(path); }
};

inline sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

/// A client that says bytes and reads bytes; a read that does not come fails the test instead of hanging it.
class client {
public:
  explicit client(const std::string& path) : client(AF_UNIX) {
    auto address = address_of(path);
    REQUIRE(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  /// Of the loopback, IPv4 or IPv6.
  client(int family, std::uint16_t port) : client(family) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET, v4.sin_port = htons(port), v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6, v6.sin6_port = htons(port), v6.sin6_addr = in6addr_loopback;
    bool six = family == AF_INET6;
    REQUIRE(::connect(fd_.get(), six ? reinterpret_cast<sockaddr*>(&v6) : reinterpret_cast<sockaddr*>(&v4),
                      six ? sizeof v6 : sizeof v4) == 0);
  }
  void say(std::string_view bytes) { REQUIRE(sys::write_all(fd_.get(), bytes)); }
  /// Whether the bytes found somebody to take them.
  bool try_to_say(std::string_view bytes) {
    return ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }
  /// Reads until `mark` is there; all that came so far.
  const std::string& until(const std::string& mark) {
    char bytes[4096];
    while (got_.find(mark) == std::string::npos) {
      auto size = ::recv(fd_.get(), bytes, sizeof bytes, 0);
      INFO("waiting for " << mark << " in: " << got_);
      REQUIRE(size > 0);
      got_.append(bytes, static_cast<std::size_t>(size));
    }
    return got_;
  }
  std::string rest() {
    char bytes[4096];
    for (ssize_t size = 0; (size = ::recv(fd_.get(), bytes, sizeof bytes, 0)) > 0;)
      got_.append(bytes, static_cast<std::size_t>(size));
    return got_;
  }
  void forget() { got_.clear(); }
  void end_input() { ::shutdown(fd_.get(), SHUT_WR); }

private:
  explicit client(int family) : fd_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    timeval patience{20, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }

  sys::unique_fd fd_;
  std::string got_;
};

} // namespace gantry::test
