#pragma once

#include "api/cri/streaming/server.hpp"
#include "tests/api/cri/streaming/client.hpp"
#include "tests/api/cri/streaming/fake_backend.hpp"

namespace gantry::test {

/// PEM files for a server on loopback, gone with this.
class tls_files {
public:
  /// `kind`: as openssl-req(1) has it for -newkey.
  explicit tls_files(const std::string& kind);
  tls_files(const tls_files&) = delete;
  tls_files& operator=(const tls_files&) = delete;
  ~tls_files();

  [[nodiscard]] std::string certificate() const { return folder_ + "/cert.pem"; }
  [[nodiscard]] std::string key() const { return folder_ + "/key.pem"; }
  [[nodiscard]] std::string folder() const { return folder_; }

private:
  std::string folder_;
};

/// A pair that all tests share.
const tls_files& shared_tls_files();

/// A streaming server whose processes are scripts.
struct stream_server {
  std::shared_ptr<fake_backend> engine = std::make_shared<fake_backend>();
  std::unique_ptr<cri::streaming_server> server;

  explicit stream_server(cri::streaming_options options);
  std::string exec(cri::wanted_streams streams, const std::string& command = "run");
  std::string attach(cri::wanted_streams streams);
  std::string forward();
};

/// One whose test runs twice: over TLS too.
struct either_server : stream_server {
  explicit either_server(cri::streaming_options options = {});
};

inline constexpr auto v4 = "v4.channel.k8s.io";

/// The streams of one exec or attach over SPDY, opened as clients do.
struct spdy_session {
  spdy_stream_client client;
  cri::spdy::stream_id error = 0, in = 0, out = 0, err = 0, resize = 0;

  spdy_session(const std::string& url, cri::wanted_streams streams, const std::string& protocols = v4);
};

} // namespace gantry::test
