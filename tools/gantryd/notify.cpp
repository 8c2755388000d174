#include "tools/gantryd/notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstdlib>
#include <string>

#include "runtime/sys/unique_fd.hpp"

namespace gantry::daemon {

void notify_service_manager(std::string_view state) {
  const char* name = ::getenv("NOTIFY_SOCKET");
  if (name == nullptr || (name[0] != '/' && name[0] != '@')) return;
  std::string path(name);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return;
  path.copy(address.sun_path, path.size());
  if (path[0] == '@') address.sun_path[0] = '\0'; // unix(7), "abstract": the length is part of the name
  auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  sys::unique_fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return;
  (void)::sendto(fd.get(), state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), size);
}

} // namespace gantry::daemon
