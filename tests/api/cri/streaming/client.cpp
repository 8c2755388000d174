#include "tests/api/cri/streaming/client.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "tests/catch.hpp"

namespace gantry::test {

using namespace cri;

http_client::http_client(const std::string& url) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  constexpr std::string_view host = "://127.0.0.1:";
  auto colon = url.find(host);
  REQUIRE(colon != std::string::npos);
  auto port = colon + host.size(), slash = url.find('/', port);
  path_ = url.substr(slash);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(url.substr(port, slash - port))));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  timeval patience{30, 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (url.starts_with("https")) speak_tls();
}

/// With whomever: who the server says that it is matters to nobody here.
void http_client::speak_tls() {
  std::signal(SIGPIPE, SIG_IGN); // OpenSSL writes without MSG_NOSIGNAL
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(::SSL_CTX_new(::TLS_client_method()), ::SSL_CTX_free);
  tls_.reset(::SSL_new(context.get()));
  ::SSL_set_fd(tls_.get(), fd_.get());
  REQUIRE(::SSL_connect(tls_.get()) == 1);
}

std::size_t http_client::receive(char* into, std::size_t size) {
  auto got = tls_ ? ::SSL_read(tls_.get(), into, static_cast<int>(size)) : ::recv(fd_.get(), into, size, 0);
  if (tls_ && got <= 0) {
    auto why = ::SSL_get_error(tls_.get(), static_cast<int>(got));
    said_goodbye_ = why == SSL_ERROR_ZERO_RETURN;
    REQUIRE(why != SSL_ERROR_WANT_READ);
    return 0;
  }
  REQUIRE((got >= 0 || errno == ECONNRESET));
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

void http_client::say(std::string_view bytes) {
  while (!bytes.empty()) {
    auto sent = tls_ ? ::SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()))
                     : ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    REQUIRE(sent > 0);
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string http_client::request(const std::string& method, const std::string& headers) {
  say(method + " " + path_ + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n");
  while (buffer_.find("\r\n\r\n") == std::string::npos) {
    char bytes[4096];
    auto got = receive(bytes, sizeof bytes);
    REQUIRE(got > 0);
    buffer_.append(bytes, got);
  }
  auto end = buffer_.find("\r\n\r\n") + 4;
  auto head = buffer_.substr(0, end);
  buffer_.erase(0, end);
  return head;
}

std::string http_client::read() {
  if (!buffer_.empty()) return std::exchange(buffer_, {});
  std::string bytes(64u << 10, '\0');
  bytes.resize(receive(bytes.data(), bytes.size()));
  return bytes;
}

std::string http_client::rest() {
  std::string all;
  for (auto part = read(); !part.empty(); part = read()) all += part;
  return all;
}

std::string http_client::read_exactly(std::size_t size) {
  std::string all;
  while (all.size() < size) {
    auto part = read();
    REQUIRE_FALSE(part.empty());
    all += part;
  }
  buffer_ = all.substr(size);
  all.resize(size);
  return all;
}

std::string spdy_stream_client::upgrade(const std::string& protocols) {
  std::string lines = "Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\n";
  return http_.request("POST", lines + (protocols.empty() ? "" : "X-Stream-Protocol-Version: " + protocols + "\r\n"));
}

bool spdy_stream_client::read_more() {
  auto bytes = http_.read();
  if (bytes.empty()) return false;
  from_.add(bytes);
  for (;;) {
    auto next = from_.next();
    REQUIRE(next);
    if (!*next) return true;
    take(std::move(**next));
  }
}

void spdy_stream_client::take(spdy::frame&& what) {
  if (auto* reply = std::get_if<spdy::syn_reply>(&what)) streams_[reply->id].replied = true;
  if (auto* rst = std::get_if<spdy::rst_stream>(&what)) streams_[rst->id].reset = true;
  if (auto* pong = std::get_if<spdy::ping>(&what)) last_ping_ = pong->id;
  if (std::holds_alternative<spdy::goaway>(what)) gone_away_ = true;
  if (auto* data = std::get_if<spdy::data>(&what)) {
    auto& of = streams_[data->id];
    CHECK(of.replied); // clients drop what comes before
    of.bytes += data->bytes;
    of.ended = of.ended || data->fin;
  }
}

spdy::stream_id spdy_stream_client::open(spdy::header_list headers) {
  auto id = next_;
  next_ += 2;
  write(spdy::syn_stream{id, 0, 0, false, false, std::move(headers)});
  while (!streams_[id].replied && !streams_[id].reset) REQUIRE(read_more());
  return streams_[id].replied ? id : 0;
}

void spdy_stream_client::send(spdy::stream_id on, std::string_view bytes) {
  write(spdy::data{on, false, std::string(bytes)});
}

void spdy_stream_client::end(spdy::stream_id on) { write(spdy::data{on, true, {}}); }

std::string spdy_stream_client::read_all(spdy::stream_id from) {
  while (!streams_[from].ended && !streams_[from].reset) REQUIRE(read_more());
  return std::exchange(streams_[from].bytes, {});
}

std::string spdy_stream_client::read_until(spdy::stream_id from, std::size_t size) {
  while (streams_[from].bytes.size() < size) REQUIRE(read_more());
  return std::exchange(streams_[from].bytes, {});
}

bool spdy_stream_client::read_to_end() {
  while (read_more()) {
  }
  return gone_away_;
}

std::uint32_t spdy_stream_client::ping(std::uint32_t id) {
  write(spdy::ping{id});
  while (last_ping_ == 0) REQUIRE(read_more());
  return std::exchange(last_ping_, 0);
}

std::string websocket_stream_client::upgrade(const std::string& protocols) {
  return http_.request("GET", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                              "Sec-WebSocket-Protocol: " +
                                  protocols + "\r\n");
}

void websocket_stream_client::send(std::string_view bytes) {
  std::string frame("\x82", 1);
  constexpr char masked = '\x80';
  if (bytes.size() < 126) {
    frame.push_back(static_cast<char>(masked | static_cast<char>(bytes.size())));
  } else {
    REQUIRE(bytes.size() < 65536);
    frame.push_back(static_cast<char>(masked | 126));
    frame.push_back(static_cast<char>(bytes.size() >> 8U));
    frame.push_back(static_cast<char>(bytes.size() & 0xFFU));
  }
  frame.append(4, '\0'); // a mask of zeros leaves the message as it is
  http_.say(frame + std::string(bytes));
}

websocket_stream_client::message websocket_stream_client::read() {
  if (!kept_.empty()) {
    auto first = std::move(kept_.front());
    kept_.pop_front();
    return first;
  }
  auto head = http_.read_exactly(2);
  auto length = static_cast<std::size_t>(head[1] & 0x7F);
  auto more = length == 126 ? http_.read_exactly(2) : length == 127 ? http_.read_exactly(8) : std::string();
  if (!more.empty()) length = 0;
  for (char c : more) length = length << 8U | static_cast<unsigned char>(c);
  CHECK((head[0] & 0x80) != 0); // whole messages
  return {static_cast<unsigned>(head[0] & 0x0F), http_.read_exactly(length)};
}

std::string websocket_stream_client::read_channel(char which) {
  std::string all;
  for (;;) {
    auto next = read();
    if (next.opcode == 2 && next.payload.size() == 1) continue;
    if (next.opcode != 2 || next.payload.empty() || next.payload[0] != which) {
      kept_.push_back(std::move(next));
      return all;
    }
    all += next.payload.substr(1);
  }
}

void websocket_stream_client::answer_close() {
  std::string frame("\x88\x82\0\0\0\0\x03\xe8", 8);
  http_.say(frame);
}

} // namespace gantry::test
