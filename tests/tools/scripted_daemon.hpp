#pragma once

#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "runtime/sys/unique_fd.hpp"

namespace gantry::test {

/// A daemon of a few canned answers on a socket in a folder of its own: what a client asked is kept for the test.
class scripted_daemon {
public:
  /// `answers` by "METHOD /path" without version and query; a target that is not there is a 404.
  explicit scripted_daemon(std::map<std::string, std::vector<std::string>> answers);
  ~scripted_daemon();

  [[nodiscard]] const std::string& socket() const { return socket_; }
  /// The request lines ("POST /v1.47/containers/create?name=x") that came, each with its body after a blank.
  [[nodiscard]] std::vector<std::string> asked();

private:
  void serve();
  void serve_one(sys::unique_fd connection);

  std::map<std::string, std::vector<std::string>> answers_;
  std::string folder_, socket_;
  sys::unique_fd listener_;
  std::mutex mutex_;
  std::vector<std::string> asked_;
  std::vector<std::thread> connections_;
  std::thread acceptor_;
};

/// A response with a JSON body.
std::string json_response(int status, const std::string& body);
/// The head of a hijacked stream, and its bytes.
std::string upgraded(const std::string& bytes);
/// A frame of such a stream (Docker's stdcopy), of at most 127 bytes: 1 is of stdout, 2 of stderr.
std::string frame(char type, std::string_view payload);

} // namespace gantry::test
