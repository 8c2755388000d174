#include "tests/store/registry/scripted_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace gantry::test {

namespace {

std::string lowered(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// The first request of `in`, taken off it; false when it is not complete.
bool take_request(std::string& in, http_message& request) {
  auto end = in.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  auto line_end = in.find("\r\n");
  auto line = in.substr(0, line_end);
  auto space = line.find(' ');
  request.method = line.substr(0, space);
  request.target = line.substr(space + 1, line.rfind(' ') - space - 1);
  for (auto at = line_end + 2; at < end + 2;) {
    auto next = in.find("\r\n", at);
    auto header = in.substr(at, next - at);
    auto colon = header.find(": ");
    auto& value = request.headers[lowered(header.substr(0, colon))];
    value += (value.empty() ? "" : ", ") + header.substr(colon + 2);
    at = next + 2;
  }
  auto length = static_cast<std::size_t>(std::atoi(request.header("content-length").c_str()));
  if (in.size() < end + 4 + length) return false;
  request.body = in.substr(end + 4, length);
  in.erase(0, end + 4 + length);
  return true;
}

} // namespace

scripted_server::scripted_server(script answer, const std::string& address)
    : script_(std::move(answer)), address_(address),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)), stop_(::eventfd(0, EFD_CLOEXEC)) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  ::inet_pton(AF_INET, address.c_str(), &at.sin_addr);
  socklen_t size = sizeof at;
  if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&at), size) != 0 || ::listen(listener_.get(), 64) != 0)
    std::abort();
  ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&at), &size);
  port_ = ntohs(at.sin_port);
  thread_ = std::thread([this] { run(); });
}

scripted_server::~scripted_server() {
  ::eventfd_write(stop_.get(), 1);
  thread_.join();
}

std::vector<http_message> scripted_server::seen() const {
  std::lock_guard lock(mutex_);
  return seen_;
}

void scripted_server::run() {
  for (;;) {
    std::vector<pollfd> polled{{stop_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    for (const auto& one : connections_)
      polled.push_back({one.fd.get(), static_cast<short>(one.out.empty() ? POLLIN : POLLIN | POLLOUT), 0});
    auto dripping = std::any_of(connections_.begin(), connections_.end(), [](auto& c) { return !c.drip.empty(); });
    ::poll(polled.data(), polled.size(), dripping ? 100 : -1);
    if (polled[0].revents != 0) return;
    for (std::size_t i = 2; i < polled.size(); ++i) {
      auto& one = connections_[i - 2];
      auto alive = polled[i].revents == 0 || polled[i].revents == POLLOUT || receive(one);
      if (!one.drip.empty()) {
        one.out += one.drip.front();
        one.drip.erase(0, 1);
      }
      if (!alive || !send(one)) one.fd.reset();
    }
    std::erase_if(connections_, [](const auto& one) { return !one.fd; });
    if (polled[1].revents == 0) continue;
    sys::unique_fd fresh(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (fresh) connections_.push_back({std::move(fresh), {}, {}, 0, {}});
  }
}

bool scripted_server::receive(connection& from) {
  char buffer[16384];
  auto got = ::recv(from.fd.get(), buffer, sizeof buffer, 0);
  if (got <= 0) return got < 0 && errno == EAGAIN;
  from.in.append(buffer, static_cast<std::size_t>(got));
  if (from.in[0] == 0x16) return false; // a TLS ClientHello
  answer(from);
  return true;
}

bool scripted_server::send(connection& to) {
  if (!to.out.empty()) {
    auto put = ::send(to.fd.get(), to.out.data() + to.sent, to.out.size() - to.sent, MSG_NOSIGNAL);
    if (put < 0) return errno == EAGAIN;
    to.sent += static_cast<std::size_t>(put);
    if (to.sent < to.out.size()) return true;
    to.out.clear();
    to.sent = 0;
  }
  return !to.drip.empty() || to.then != scripted_reply::after::close;
}

void scripted_server::answer(connection& to) {
  http_message request;
  if (!take_request(to.in, request)) return;
  {
    std::lock_guard lock(mutex_);
    seen_.push_back(request);
  }
  auto reply = script_(request);
  auto length = reply.length == std::string::npos ? reply.body.size() : reply.length;
  to.out += "HTTP/1.1 " + std::to_string(reply.status) + " Scripted\r\n";
  for (const auto& [name, value] : reply.headers) to.out += name + ": " + value + "\r\n";
  to.out += "Content-Length: " + std::to_string(length) + "\r\n\r\n";
  (reply.drip ? to.drip : to.out) += reply.body;
  to.then = reply.then;
}

} // namespace gantry::test
