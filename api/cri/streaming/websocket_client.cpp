#include "api/cri/streaming/websocket_client.hpp"

namespace gantry::cri {
namespace {

constexpr unsigned char close_signal_channel = 255;

std::optional<channel> client_channel(char number) {
  auto which = static_cast<channel>(number);
  if (which != channel::in && which != channel::resize) return std::nullopt;
  return which;
}

} // namespace

std::optional<remote_client::input> parse_message(std::string_view message, bool close_signal) {
  if (message.empty()) return std::nullopt;
  if (close_signal && static_cast<unsigned char>(message[0]) == close_signal_channel) {
    auto which = message.size() == 2 ? client_channel(message[1]) : std::nullopt;
    if (!which) return std::nullopt;
    return remote_client::input{*which, {}, true};
  }
  auto which = client_channel(message[0]);
  if (!which) return std::nullopt;
  return remote_client::input{*which, std::string(message.substr(1)), false};
}

awaitable<std::optional<remote_client::input>> websocket_client::next() {
  for (;;) {
    auto message = co_await from_.read();
    if (!message) co_return std::nullopt;
    auto found = parse_message(*message, protocol_.close_signal);
    if (found) co_return found;
  }
}

awaitable<void> websocket_client::write(channel on, std::string_view bytes) {
  std::string message(1, static_cast<char>(on));
  message += bytes;
  to_.put(std::move(message));
  co_await to_.room();
}

awaitable<void> websocket_client::finish(std::chrono::seconds patience) {
  co_await to_.drained(patience);
  co_await from_.end();
}

} // namespace gantry::cri
