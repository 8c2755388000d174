#pragma once

#include <boost/beast/websocket/stream.hpp>

#include "api/cri/streaming/client_stream.hpp"

namespace gantry::cri {

namespace websocket = boost::beast::websocket;

/// A client's connection after the upgrade. The server's thread alone; one reader and one writer at a time.
class transport {
public:
  virtual ~transport() = default;

  /// Bytes as they come, or a WebSocket's message, never longer than max_message; none when the client has gone.
  virtual awaitable<std::optional<std::string>> read() = 0;
  /// All of it, as one message on a WebSocket. False: the client has gone.
  virtual awaitable<bool> write(std::string_view bytes) = 0;
  /// Says that nothing more will be written. A client's answer to that ends `read`.
  virtual awaitable<void> end() = 0;
  /// Whether the client has hung up, also when nobody reads: it can have left bytes behind.
  [[nodiscard]] virtual bool hung_up() = 0;

  /// When bytes last went either way.
  [[nodiscard]] std::chrono::steady_clock::time_point last_use() const { return last_use_; }

protected:
  void touch() { last_use_ = std::chrono::steady_clock::now(); }

private:
  std::chrono::steady_clock::time_point last_use_ = std::chrono::steady_clock::now();
};

inline constexpr std::size_t max_message = 4u << 20;

class socket_transport final : public transport {
public:
  /// `early`: what the client sent right after its request.
  socket_transport(client_stream from, std::string early);
  awaitable<std::optional<std::string>> read() override;
  awaitable<bool> write(std::string_view bytes) override;
  awaitable<void> end() override;
  [[nodiscard]] bool hung_up() override;

private:
  client_stream socket_;
  std::string early_;
};

class websocket_transport final : public transport {
public:
  using stream = websocket::stream<client_stream>;

  /// A stream whose handshake is done.
  explicit websocket_transport(std::unique_ptr<stream> from) : stream_(std::move(from)) {}
  awaitable<std::optional<std::string>> read() override;
  awaitable<bool> write(std::string_view bytes) override;
  awaitable<void> end() override;
  [[nodiscard]] bool hung_up() override;

private:
  std::unique_ptr<stream> stream_;
};

} // namespace gantry::cri
