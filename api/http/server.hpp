#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "messages/engine.hpp"

namespace gantry::docker {

struct server_options {
  std::vector<std::string> sockets; ///< paths
  mode_t mode = 0660;
  std::string group; ///< of the sockets; empty: the process's own
  std::size_t max_header = 32u << 10;
  std::size_t max_body = 4u << 20;
  std::size_t max_connections = 8192;
  std::chrono::seconds idle_timeout{300};     ///< between two requests
  std::chrono::seconds header_timeout{10};    ///< from the first byte of a request to its blank line
  std::chrono::seconds body_timeout{60};      ///< for the rest of it
  std::chrono::seconds response_timeout{120}; ///< for a client to take a whole response; streams have none
  std::size_t disk_threads = 4;               ///< that read logs and /proc
};

/// How busy a server is.
struct server_activity {
  std::size_t requests = 0;                             ///< being answered now
  std::chrono::steady_clock::time_point last_request{}; ///< when the last one began or ended
};

/// The Docker Engine API over HTTP on Unix sockets. One thread of I/O runs every connection as a coroutine; what blocks
/// goes to a small pool. Destroying it is stopping it.
class server {
public:
  /// Listens and serves at once. A stale socket (nobody listens) is replaced; one on which another daemon listens is
  /// refused. Errors: already_exists, denied, invalid_argument (path too long, unknown group).
  static result<std::unique_ptr<server>> start(caf::actor_system& system, engine_actor engine, server_options options);

  ~server();

  /// Ends every connection; operations under way go on in the engine. Removes the sockets. Within about a second.
  void stop();

  /// Any thread.
  [[nodiscard]] server_activity activity() const;

private:
  struct inner;
  explicit server(std::unique_ptr<inner> made);
  std::unique_ptr<inner> inner_;
};

} // namespace gantry::docker
