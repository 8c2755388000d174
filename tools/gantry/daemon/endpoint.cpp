#include "tools/gantry/daemon/endpoint.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace gantry::cli {

namespace {

std::string variable(const char* name) {
  const auto* value = std::getenv(name);
  return value ? value : "";
}

constexpr std::string_view scheme = "unix://";

} // namespace

result<endpoint> endpoint::choose(std::string_view host) {
  endpoint chosen;
  chosen.root = variable("GANTRY_ROOT");
  chosen.run_dir = variable("GANTRY_RUN_DIR");
  std::string from(host);
  if (from.empty()) from = variable("GANTRY_HOST");
  if (from.empty()) from = variable("DOCKER_HOST");
  if (from.empty()) return chosen;
  if (!from.starts_with(scheme))
    return fail(errc::invalid_argument,
                "the host {} is not served: Gantry listens on Unix sockets alone, as in unix:///run/gantry/gantry.sock",
                from);
  chosen.socket = from.substr(scheme.size());
  if (!chosen.socket.starts_with('/'))
    return fail(errc::invalid_argument, "the host {} must name an absolute path, as in unix:///run/gantry/gantry.sock",
                from);
  if (chosen.socket.size() >= sizeof(sockaddr_un::sun_path))
    return fail(errc::invalid_argument, "the socket's path {} is longer than the {} bytes that Linux allows",
                chosen.socket, sizeof(sockaddr_un::sun_path) - 1);
  return chosen;
}

result<sys::unique_fd> connect_to(const endpoint& where) {
  sys::unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno(errno, "make a socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, where.socket.data(), where.socket.size());
  while (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == EINTR) continue;
    auto cause = errno;
    auto failure = fail_errno(cause, "connect to {}", where.socket);
    if (cause == ENOENT || cause == ECONNREFUSED) failure.value().code = errc::unavailable;
    return failure;
  }
  return fd;
}

} // namespace gantry::cli
