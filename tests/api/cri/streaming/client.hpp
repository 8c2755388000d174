#pragma once

#include <openssl/ssl.h>

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "api/cri/streaming/spdy/decoder.hpp"
#include "api/cri/streaming/spdy/encoder.hpp"
#include "runtime/sys/unique_fd.hpp"

/// Clients of the streaming server, on blocking sockets: what does not come in time fails the test.
namespace gantry::test {

/// A connection to the server that a URL names.
class http_client {
public:
  explicit http_client(const std::string& url);

  void say(std::string_view bytes);
  /// Sends a request for the URL's path with these header lines; the response's head.
  std::string request(const std::string& method, const std::string& headers);
  /// Some bytes; empty at the end.
  std::string read();
  std::string rest();
  /// That many.
  std::string read_exactly(std::size_t size);
  /// Without a word, also over TLS.
  void hang_up() { fd_.reset(); }
  /// Whether the end that was read is the server's own, in TLS, and not only the connection's.
  [[nodiscard]] bool said_goodbye() const { return said_goodbye_; }

private:
  struct tls_end {
    void operator()(SSL* which) const { ::SSL_free(which); }
  };
  void speak_tls();
  /// Zero at the end; what does not come in time fails the test.
  std::size_t receive(char* into, std::size_t size);

  sys::unique_fd fd_;
  std::unique_ptr<SSL, tls_end> tls_; ///< of a URL for https
  std::string path_, buffer_;
  bool said_goodbye_ = false;
};

class spdy_stream_client {
public:
  explicit spdy_stream_client(const std::string& url) : http_(url) {}

  /// The response's head.
  std::string upgrade(const std::string& protocols);
  /// Opens a stream and waits for the reply; 0 when it was refused.
  cri::spdy::stream_id open(cri::spdy::header_list headers);
  void send(cri::spdy::stream_id on, std::string_view bytes);
  void end(cri::spdy::stream_id on);
  /// All that comes on the stream until its end.
  std::string read_all(cri::spdy::stream_id from);
  /// What comes on the stream until it is that long.
  std::string read_until(cri::spdy::stream_id from, std::size_t size);
  [[nodiscard]] bool was_reset(cri::spdy::stream_id which) { return streams_[which].reset; }
  /// Reads to the end of the connection; whether the server said GOAWAY.
  bool read_to_end();
  void say(std::string_view raw) { http_.say(raw); }
  void write(const cri::spdy::frame& what) { http_.say(to_.encode(what)); }
  std::uint32_t ping(std::uint32_t id);
  void hang_up() { http_.hang_up(); }
  [[nodiscard]] bool said_goodbye() const { return http_.said_goodbye(); }

private:
  struct stream {
    std::string bytes;
    bool replied = false, ended = false, reset = false;
  };
  /// False at the end of the connection.
  bool read_more();
  void take(cri::spdy::frame&& what);

  http_client http_;
  cri::spdy::encoder to_;
  cri::spdy::decoder from_;
  std::map<cri::spdy::stream_id, stream> streams_;
  cri::spdy::stream_id next_ = 1;
  std::uint32_t last_ping_ = 0;
  bool gone_away_ = false;
};

class websocket_stream_client {
public:
  explicit websocket_stream_client(const std::string& url) : http_(url) {}

  std::string upgrade(const std::string& protocols);
  void send(std::string_view bytes);
  struct message {
    unsigned opcode = 0; ///< 2 binary, 8 close
    std::string payload;
  };
  message read();
  /// Messages of that channel, until one of another that is not empty, or the close; kept for the next call.
  std::string read_channel(char which);
  void answer_close();

private:
  http_client http_;
  std::deque<message> kept_;
};

} // namespace gantry::test
