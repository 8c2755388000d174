#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/cri/streaming/request.hpp"

/// The subprotocols that Kubernetes' clients and servers agree on before they stream.
namespace gantry::cri {

/// How the error stream tells an exit: as text and only of a failure (v1 to v3), or as a metav1.Status (from v4 on).
enum class status_format : std::uint8_t { text, json };

/// Of exec and attach, over SPDY and WebSocket alike.
struct remotecommand_protocol {
  std::string_view name;
  status_format status = status_format::json;
  bool close_signal = false; ///< v5 on WebSocket: {255, channel} ends a channel
};

inline constexpr std::string_view port_forward_protocol = "portforward.k8s.io";
inline constexpr std::string_view tunnel_protocol = "SPDY/3.1+portforward.k8s.io"; ///< SPDY in WebSocket messages

/// The entries of a header whose value is a list, without blanks around them.
std::vector<std::string> list_of(std::string_view header);

/// The first that the client offers and we speak: it lists what it likes best first.
std::optional<remotecommand_protocol> choose_remotecommand(const std::vector<std::string>& offered);

/// For a client that is to be told what we speak.
std::vector<std::string_view> remotecommand_protocols();

/// What the error stream says at the end, maybe nothing.
std::string status_of_success(status_format format);
std::string status_of_exit(status_format format, int exit_code);
std::string status_of_failure(status_format format, const error& why);

} // namespace gantry::cri
