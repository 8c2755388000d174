#pragma once

#include <functional>

#include "api/cri/streaming/request.hpp"
#include "runtime/sys/unique_fd.hpp"

namespace gantry::cri {

/// Where a process's bytes are: the monitor's stream socket, and the token that it is to be told first
/// (runtime/monitor/README.md, "Streams").
struct process_stream {
  std::string socket, token;
  std::string container, exec_id; ///< whose terminal `resize` means; init's when exec_id is empty
};

/// How an answer is given: once, from any thread, also after nobody waits any more.
template<class T>
using answer = std::function<void(result<T>)>;

/// What the streaming server needs of the engine. Called on the server's thread, where it must not block. Each answers
/// within a deadline of its own.
class backend {
public:
  virtual ~backend() = default;

  /// Starts the process; its output waits for the stream. The exit code comes with the stream's `end` frame.
  virtual void exec(const exec_request& what, answer<process_stream> to) = 0;
  virtual void attach(const attach_request& what, answer<process_stream> to) = 0;
  /// Nobody hears of a failure: the process may have ended.
  virtual void resize(const process_stream& of, terminal_size size) = 0;
  /// A TCP connection to a port of the pod's loopback, made in its network namespace. Errors: not_found, unavailable
  /// when nobody listens.
  virtual void connect(const std::string& sandbox, std::uint16_t port, answer<sys::unique_fd> to) = 0;
};

} // namespace gantry::cri
