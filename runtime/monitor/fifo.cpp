#include "runtime/monitor/fifo.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

namespace gantry::monitor {
namespace fifo {
namespace {

result<sys::unique_fd> open_end(const std::string& path, int flags) {
  sys::unique_fd fd(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return fail_errno(errno, "open {}", path);
  return fd;
}

} // namespace

result<ends> make(const std::string& path, direction way, owner of) {
  if (::mkfifo(path.c_str(), 0600) != 0) return fail_errno(errno, "mkfifo {}", path);
  if ((of.uid | of.gid) != 0 && ::lchown(path.c_str(), of.uid, of.gid) != 0) return fail_errno(errno, "chown {}", path);
  ends made;
  if (way == direction::from_container) {
    GANTRY_LET(made.ours, open_end(path, O_RDONLY | O_NONBLOCK));
    GANTRY_LET(made.theirs, open_end(path, O_RDWR));
    return made;
  }
  // Each one-way open waits for the other side: a third descriptor with both ways stands in for it meanwhile (fifo(7)).
  GANTRY_LET(auto both, open_end(path, O_RDWR));
  GANTRY_LET(made.theirs, open_end(path, O_RDONLY));
  GANTRY_LET(made.ours, open_end(path, O_WRONLY | O_NONBLOCK));
  return made;
}

result<sys::unique_fd> reopen(const std::string& path, direction way) {
  return open_end(path, (way == direction::from_container ? O_RDONLY : O_WRONLY) | O_NONBLOCK);
}

} // namespace fifo

result<sys::unique_fd> listen_below(const std::string& folder, const std::string& name) {
  // The name of a socket has at most 107 bytes (unix(7)), a bundle's path may have more: it is reached by descriptor.
  sys::unique_fd directory(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return fail_errno(errno, "open {}", folder);
  auto path = "/proc/self/fd/" + std::to_string(directory.get()) + "/" + name;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return fail(errc::invalid_argument, "{}: too long for a socket", name);
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  sys::unique_fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return fail_errno(errno, "socket");
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail_errno(errno, "bind {} in {}", name, folder);
  ::fchmodat(directory.get(), name.c_str(), 0600, 0);
  if (::listen(socket.get(), 128) != 0) return fail_errno(errno, "listen on {}", name);
  return socket;
}

} // namespace gantry::monitor
