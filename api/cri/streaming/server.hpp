#pragma once

#include <memory>

#include "api/cri/streaming/backend.hpp"
#include "api/cri/streaming/limits.hpp"

namespace gantry::cri {

struct streaming_options {
  std::string address = "127.0.0.1"; ///< an IP address of this host; the kubelet is on it too
  std::uint16_t port = 0;            ///< 0: one that is free
  std::string certificate, key;      ///< paths of PEM files, both or neither: then TLS is spoken, by what they say now
  std::size_t max_tokens = 1000;     ///< that wait for their clients
  std::chrono::seconds token_lifetime{60};
  std::size_t max_connections = 1024;
  stream_limits limits;
};

/// Serves exec, attach and port-forward over HTTP or HTTPS, for clients that were given a URL. One thread runs every
/// connection as a coroutine. Destroying it is stopping it.
class streaming_server {
public:
  /// Listens and serves at once. Errors: invalid_argument for what is no address of this host's, already_exists for a
  /// port in use; those of load_tls.
  static result<std::unique_ptr<streaming_server>> start(std::shared_ptr<backend> engine, streaming_options options);

  ~streaming_server();

  /// The URL for one client of this request, good once and for a minute. Any thread. Errors: invalid_argument,
  /// exhausted.
  result<std::string> url_for(stream_request what);

  /// Ends every connection; the processes behind them go on.
  void stop();

private:
  struct inner;
  explicit streaming_server(std::unique_ptr<inner> made);
  std::unique_ptr<inner> inner_;
};

} // namespace gantry::cri
