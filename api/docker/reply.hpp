#pragma once

#include "api/docker/http.hpp"

namespace gantry::docker {

/// A response with a JSON body, and one with none (204).
response json_response(std::string body, int status = 200);
response empty_response(int status = 204);

/// {"message": …} with a status of the caller's.
response message_response(int status, std::string_view message);

/// The head before a connection's bytes are a container's: 101 UPGRADED when the client asked for an upgrade, else 200
/// (Docker Engine API, "Attach", "Hijacking").
response hijacked(const request& what, bool tty);

} // namespace gantry::docker
