#pragma once

#include "api/http/connection.hpp"
#include "api/http/exchange.hpp"

namespace gantry::http {

/// A connection whose upgrade to WebSocket was answered (RFC 6455): bytes both ways, as messages. Errors:
/// invalid_argument when the request asks for no such upgrade.
awaitable<result<std::unique_ptr<raw_connection>>> accept_websocket(connection::stream& on, const request& what,
                                                                    message_kind kind);

} // namespace gantry::http
