#pragma once

#include "api/cri/streaming/protocol.hpp"
#include "api/cri/streaming/remote_client.hpp"

namespace gantry::cri {

/// Over WebSocket: each message begins with the number of its channel (Kubernetes, channel.k8s.io).
class websocket_client final : public remote_client {
public:
  websocket_client(transport& from, outbox& to, remotecommand_protocol protocol)
      : from_(from), to_(to), protocol_(protocol) {}

  awaitable<std::optional<input>> next() override;
  awaitable<void> write(channel on, std::string_view bytes) override;
  awaitable<void> finish(std::chrono::seconds patience) override;

private:
  transport& from_;
  outbox& to_;
  remotecommand_protocol protocol_;
};

/// What a message says, none for one that is to be skipped. `close_signal`: v5, where {255, n} ends channel n.
std::optional<remote_client::input> parse_message(std::string_view message, bool close_signal);

} // namespace gantry::cri
