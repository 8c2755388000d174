#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "messages/domain/error.hpp"

/// The streaming server of the CRI: exec, attach and port-forward (README.md).
namespace gantry::cri {

/// Which of a process's streams a client asked for.
struct wanted_streams {
  bool in = false, out = false, err = false;
  bool tty = false;
};

/// What a token stands for (Kubernetes CRI v1, ExecRequest, AttachRequest, PortForwardRequest).
struct exec_request {
  std::string container;
  std::vector<std::string> command;
  wanted_streams streams;
};
struct attach_request {
  std::string container;
  wanted_streams streams;
};
struct port_forward_request {
  std::string sandbox;
};
using stream_request = std::variant<exec_request, attach_request, port_forward_request>;

/// Errors: invalid_argument for what no stream can be made of: no id, no stream at all, a terminal with a stderr of its
/// own.
result<void> validate(const stream_request& what);

/// The word in the URL: exec, attach, portforward.
std::string_view verb_of(const stream_request& what);

struct terminal_size {
  std::uint16_t height = 0, width = 0;
};

} // namespace gantry::cri
