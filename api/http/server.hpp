#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "api/http/address.hpp"
#include "api/http/site.hpp"
#include "api/http/workplace.hpp"

namespace gantry::http {

struct server_options {
  std::string name; ///< in the log, and of its thread: "docker"
  std::vector<address> listen;
  mode_t mode = 0660; ///< of Unix sockets
  std::string group;  ///< of Unix sockets; empty: the process's own
  std::size_t max_header = 32u << 10;
  std::size_t max_body = 4u << 20;
  std::size_t max_connections = 8192;
  std::chrono::seconds idle_timeout{300};     ///< between two requests
  std::chrono::seconds header_timeout{10};    ///< from the first byte of a request to its blank line
  std::chrono::seconds body_timeout{60};      ///< for the rest of it
  std::chrono::seconds response_timeout{120}; ///< for a client to take a whole response; streams have none
  std::size_t disk_threads = 4;               ///< for what blocks
};

/// How busy a server is.
struct server_activity {
  std::size_t requests = 0;                             ///< being answered now
  std::chrono::steady_clock::time_point last_request{}; ///< when the last one began or ended
};

/// Serves a site over HTTP/1 on Unix sockets and TCP. One thread of I/O runs every connection as a coroutine; what
/// blocks goes to a small pool. Several servers live side by side. Destroying one is stopping it.
class server {
public:
  /// Makes what is served, of where it runs. Called once, before the first client.
  using make_site = std::function<std::unique_ptr<site>(const workplace&)>;

  /// Listens and serves at once. A stale socket (nobody listens) is replaced; one on which another daemon listens is
  /// refused. Errors: already_exists, denied, invalid_argument (path too long, unknown group or host).
  static result<std::unique_ptr<server>> start(caf::actor_system& system, server_options options,
                                               const make_site& make);

  ~server();

  /// Ends every connection; operations under way go on in the engine. Removes the sockets. Within about a second.
  void stop();

  /// Where it listens: with the ports that were found when any was asked for. Any thread.
  [[nodiscard]] const std::vector<address>& listening() const { return listening_; }

  /// Any thread.
  [[nodiscard]] server_activity activity() const;

private:
  struct inner;
  explicit server(std::unique_ptr<inner> made);
  std::unique_ptr<inner> inner_;
  std::vector<address> listening_;
};

} // namespace gantry::http
