#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "messages/engine.hpp"

namespace gantry::cri {

struct server_options {
  std::vector<std::string> sockets; ///< paths
  mode_t mode = 0660;
  std::string group;                   ///< of the sockets; empty: the process's own
  std::size_t max_message = 16u << 20; ///< bytes of a request; the kubelet's own bound
  std::size_t max_calls = 4096;        ///< at once
  std::size_t disk_threads = 4;        ///< that read what blocks
  std::string stream_address =
      "127.0.0.1";               ///< where exec, attach and port-forward are served; the kubelet is there too
  std::uint16_t stream_port = 0; ///< 0: any free one
  std::string stream_certificate, stream_key; ///< paths of PEM files, both or neither: then they are served over TLS
};

/// How busy a server is.
struct server_activity {
  std::size_t calls = 0;                             ///< being answered now
  std::chrono::steady_clock::time_point last_call{}; ///< when the last one began or ended
};

/// The Kubernetes CRI over gRPC on Unix sockets. One thread moves bytes for gRPC, and answers what the engine shows
/// (messages/pod_boards.hpp); one of the door runs every other call as a coroutine; what blocks goes to a small pool.
/// Destroying it is stopping it.
class server {
public:
  /// Listens and serves at once; sockets as http::server has them. Errors: already_exists, denied, invalid_argument.
  static result<std::unique_ptr<server>> start(caf::actor_system& system, engine_actor engine, server_options options);

  ~server();

  /// Ends every call as cancelled; operations under way go on in the engine. Removes the sockets. Within about two
  /// seconds.
  void stop();

  /// Any thread.
  [[nodiscard]] server_activity activity() const;

private:
  struct inner;
  explicit server(std::unique_ptr<inner> made);
  std::unique_ptr<inner> inner_;
};

} // namespace gantry::cri
