#include "api/http/listening_socket.hpp"

#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "runtime/sys/files.hpp"

namespace gantry::http {
namespace {

constexpr int backlog = 1024;

result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.front() != '/' || path.size() >= sizeof address.sun_path)
    return fail(errc::invalid_argument, "{}: a socket's path is absolute and at most {} characters long", path,
                sizeof address.sun_path - 1);
  path.copy(address.sun_path, path.size());
  return address;
}

result<sys::unique_fd> new_socket(int family) {
  sys::unique_fd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail_errno(errno, "socket");
  return fd;
}

/// Removes a socket on which nobody listens.
result<void> clear_stale(const std::string& path, const sockaddr_un& address) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return fail_errno(errno, "stat {}", path);
  }
  if (!S_ISSOCK(status.st_mode))
    return fail(errc::already_exists, "{} is there and is no socket; remove it, or name another --host", path);
  GANTRY_LET(auto probe, new_socket(AF_UNIX));
  // EAGAIN: its backlog is full, so somebody does listen.
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 || errno == EAGAIN)
    return fail(errc::already_exists, "{}: another daemon listens on it; stop that one, or name another --host", path);
  if (errno != ECONNREFUSED && errno != ENOENT) return fail_errno(errno, "probe {}", path);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno(errno, "remove the stale socket {}", path);
  return {};
}

result<gid_t> group_id(const std::string& name) {
  std::vector<char> buffer(16 << 10);
  group entry{}, *found = nullptr;
  auto status = ::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (status != 0) return fail_errno(status, "look up the group {}", name);
  if (found == nullptr) return fail(errc::invalid_argument, "there is no group {} on this host", name);
  return found->gr_gid;
}

/// Two daemons that start at once must not both find the socket stale. The folder itself is what they lock: nothing is
/// left behind.
result<sys::unique_fd> lock_of(const std::string& folder) {
  sys::unique_fd lock(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock) return fail_errno(errno, "open {}", folder);
  if (::flock(lock.get(), LOCK_EX) != 0) return fail_errno(errno, "lock {}", folder);
  return lock;
}

} // namespace

result<sys::unique_fd> listen_on_path(const std::string& path, mode_t mode, const std::string& group) {
  GANTRY_LET(auto address, address_of(path));
  auto folder = path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
  GANTRY_TRY(sys::make_directories(folder, 0755));
  gid_t owner = ::getegid();
  if (!group.empty()) {
    GANTRY_LET(owner, group_id(group));
  }
  GANTRY_LET(auto lock, lock_of(folder));
  GANTRY_TRY(clear_stale(path, address));
  GANTRY_LET(auto fd, new_socket(AF_UNIX));
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail_errno(errno, "bind {}", path);
  // Nobody can connect before listen(2), so the mode is in force from the first moment.
  if (::chmod(path.c_str(), mode) != 0) return fail_errno(errno, "chmod {}", path);
  if (!group.empty() && ::chown(path.c_str(), static_cast<uid_t>(-1), owner) != 0)
    return fail_errno(errno, "chown {}", path);
  if (::listen(fd.get(), backlog) != 0) return fail_errno(errno, "listen on {}", path);
  return fd;
}

// -- TCP --------------------------------------------------------------------------------------------------------------

namespace {

using address_list = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

result<address_list> look_up(const address& where) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  auto port = std::to_string(where.port);
  auto status = ::getaddrinfo(where.host.empty() ? nullptr : where.host.c_str(), port.c_str(), &hints, &found);
  if (status == EAI_SYSTEM) return fail_errno(errno, "look up {}", where.host);
  if (status != 0) return fail(errc::invalid_argument, "{}: {}", to_string(where), ::gai_strerror(status));
  return address_list(found, &::freeaddrinfo);
}

result<sys::unique_fd> listen_at(const addrinfo& at, const std::string& name) {
  GANTRY_LET(auto fd, new_socket(at.ai_family));
  int on = 1;
  // What the last daemon's connections left behind (TIME_WAIT) does not hold the port.
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // IPv4 has a socket of its own: clients have their own addresses on it, not mapped ones.
  if (at.ai_family == AF_INET6) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (::bind(fd.get(), at.ai_addr, at.ai_addrlen) != 0) {
    if (errno == EADDRINUSE) return fail(errc::already_exists, "{}: somebody else listens on it", name);
    return fail_errno(errno, "bind {}", name);
  }
  if (::listen(fd.get(), backlog) != 0) return fail_errno(errno, "listen on {}", name);
  return fd;
}

} // namespace

result<std::vector<sys::unique_fd>> listen_on_port(const address& where) {
  GANTRY_LET(auto found, look_up(where));
  std::vector<sys::unique_fd> sockets;
  for (const auto* at = found.get(); at != nullptr; at = at->ai_next) {
    auto fd = listen_at(*at, to_string(where));
    // A host without IPv6 still has ::1 in its /etc/hosts.
    if (!fd && (fd.error().os_errno == EAFNOSUPPORT || fd.error().os_errno == EADDRNOTAVAIL) &&
        (at->ai_next != nullptr || !sockets.empty()))
      continue;
    if (!fd) return tl::unexpected<error>(std::move(fd.error()));
    sockets.push_back(std::move(*fd));
  }
  return sockets;
}

result<address> local_address(const sys::unique_fd& listening) {
  sockaddr_storage at{};
  socklen_t size = sizeof at;
  if (::getsockname(listening.get(), reinterpret_cast<sockaddr*>(&at), &size) != 0)
    return fail_errno(errno, "getsockname");
  char host[NI_MAXHOST], port[NI_MAXSERV];
  auto status = ::getnameinfo(reinterpret_cast<const sockaddr*>(&at), size, host, sizeof host, port, sizeof port,
                              NI_NUMERICHOST | NI_NUMERICSERV);
  if (status != 0) return fail(errc::internal, "getnameinfo: {}", ::gai_strerror(status));
  return address{{}, host, static_cast<std::uint16_t>(std::stoul(port))};
}

} // namespace gantry::http
