#include "api/docker/listening_socket.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "runtime/sys/files.hpp"

namespace gantry::docker {
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

result<sys::unique_fd> new_socket() {
  sys::unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
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
  GANTRY_LET(auto probe, new_socket());
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

result<sys::unique_fd> listen_on(const std::string& path, mode_t mode, const std::string& group) {
  GANTRY_LET(auto address, address_of(path));
  auto folder = path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
  GANTRY_TRY(sys::make_directories(folder, 0755));
  gid_t owner = ::getegid();
  if (!group.empty()) {
    GANTRY_LET(owner, group_id(group));
  }
  GANTRY_LET(auto lock, lock_of(folder));
  GANTRY_TRY(clear_stale(path, address));
  GANTRY_LET(auto fd, new_socket());
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail_errno(errno, "bind {}", path);
  // Nobody can connect before listen(2), so the mode is in force from the first moment.
  if (::chmod(path.c_str(), mode) != 0) return fail_errno(errno, "chmod {}", path);
  if (!group.empty() && ::chown(path.c_str(), static_cast<uid_t>(-1), owner) != 0)
    return fail_errno(errno, "chown {}", path);
  if (::listen(fd.get(), backlog) != 0) return fail_errno(errno, "listen on {}", path);
  return fd;
}

} // namespace gantry::docker
