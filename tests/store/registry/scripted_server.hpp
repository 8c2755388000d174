#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "runtime/sys/unique_fd.hpp"

namespace gantry::test {

struct http_message {
  std::string method;
  std::string target;                         ///< path and query
  std::map<std::string, std::string> headers; ///< names in lower case
  std::string body;

  [[nodiscard]] std::string header(const std::string& name) const {
    auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

struct scripted_reply {
  enum class after : std::uint8_t {
    keep,  ///< wait for the next request
    close, ///< break the connection
    hang,  ///< say nothing more, for ever
  };

  int status = 200;
  std::map<std::string, std::string> headers;
  std::string body;
  after then = after::keep;
  std::size_t length = std::string::npos; ///< the Content-Length to claim; npos: the body's own
  bool drip = false;                      ///< one byte of the body every 100 ms
};

/// An HTTP/1.1 server on loopback that answers as a test says, on one thread. Who speaks TLS to it is cut off.
class scripted_server {
public:
  using script = std::function<scripted_reply(const http_message&)>;

  explicit scripted_server(script answer, const std::string& address = "127.0.0.1");
  scripted_server(const scripted_server&) = delete;
  scripted_server& operator=(const scripted_server&) = delete;
  ~scripted_server();

  [[nodiscard]] std::string host() const { return address_ + ":" + std::to_string(port_); }
  /// All requests so far.
  [[nodiscard]] std::vector<http_message> seen() const;

private:
  struct connection {
    sys::unique_fd fd;
    std::string in;
    std::string out;
    std::size_t sent = 0; ///< of `out`
    std::string drip;     ///< goes to `out` bit by bit
    scripted_reply::after then = scripted_reply::after::keep;
  };

  void run();
  bool receive(connection& from);
  bool send(connection& to);
  void answer(connection& to);

  script script_;
  std::string address_;
  int port_ = 0;
  sys::unique_fd listener_;
  sys::unique_fd stop_;
  std::vector<connection> connections_;
  mutable std::mutex mutex_;
  std::vector<http_message> seen_;
  std::thread thread_;
};

} // namespace gantry::test
