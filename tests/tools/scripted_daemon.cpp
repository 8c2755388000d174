#include "tests/tools/scripted_daemon.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include <fmt/format.h>

namespace gantry::test {

scripted_daemon::scripted_daemon(std::map<std::string, std::vector<std::string>> answers)
    : answers_(std::move(answers)) {
  char folder[] = "/tmp/gantry-test-XXXXXX";
  if (!::mkdtemp(folder)) throw std::runtime_error("mkdtemp");
  folder_ = folder;
  socket_ = folder_ + "/d.sock";
  listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_.get(), 16) != 0)
    throw std::runtime_error("listen");
  acceptor_ = std::thread([this] { serve(); });
}

scripted_daemon::~scripted_daemon() {
  ::shutdown(listener_.get(), SHUT_RDWR); // wakes accept
  acceptor_.join();
  for (auto& connection : connections_) connection.join();
  ::unlink(socket_.c_str());
  ::rmdir(folder_.c_str());
}

std::vector<std::string> scripted_daemon::asked() {
  std::lock_guard held(mutex_);
  return asked_;
}

void scripted_daemon::serve() {
  for (;;) {
    sys::unique_fd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection) return;
    connections_.emplace_back([this, c = std::move(connection)]() mutable { serve_one(std::move(c)); });
  }
}

namespace {

/// Whether the end of a body in chunks, if it is one, has come: an answer before that ends the sending.
bool chunks_ended(const std::string& request, std::size_t head) {
  const auto chunked = request.find("Transfer-Encoding: chunked");
  return chunked == std::string::npos || chunked > head || request.ends_with("0\r\n\r\n");
}

} // namespace

void scripted_daemon::serve_one(sys::unique_fd connection) {
  std::string request;
  char buffer[4096];
  std::size_t head = std::string::npos, length = 0;
  while (head == std::string::npos || request.size() < head + 4 + length || !chunks_ended(request, head)) {
    auto got = ::recv(connection.get(), buffer, sizeof buffer, 0);
    if (got <= 0) return;
    request.append(buffer, static_cast<std::size_t>(got));
    head = request.find("\r\n\r\n");
    auto at = request.find("Content-Length: ");
    if (head != std::string::npos && at < head) length = std::stoul(request.substr(at + 16));
  }
  auto line = request.substr(0, request.find(" HTTP/"));
  auto key = line.substr(0, line.find('?'));
  if (auto version = key.find("/v1.47"); version != std::string::npos) key.erase(version, 6);
  std::string response = json_response(404, R"({"message":"page not found"})");
  {
    std::lock_guard held(mutex_);
    asked_.push_back(line + (length > 0 ? " " + request.substr(head + 4) : ""));
    // The answers to one target follow one another; the last one stays.
    if (auto found = answers_.find(key); found != answers_.end()) {
      response = found->second.front();
      if (found->second.size() > 1) found->second.erase(found->second.begin());
    }
  }
  ::send(connection.get(), response.data(), response.size(), MSG_NOSIGNAL);
}

std::string json_response(int status, const std::string& body) {
  return fmt::format("HTTP/1.1 {} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}", status,
                     body.size(), body);
}

std::string upgraded(const std::string& bytes) {
  return "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\nConnection: "
         "Upgrade\r\nUpgrade: tcp\r\n\r\n" +
         bytes;
}

std::string frame(char type, std::string_view payload) {
  std::string made{type, 0, 0, 0, 0, 0, 0, static_cast<char>(payload.size())};
  return made.append(payload);
}

} // namespace gantry::test
