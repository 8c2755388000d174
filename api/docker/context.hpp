#pragma once

#include "api/docker/http.hpp"
#include "api/door/event_feed.hpp"
#include "api/door/monitor_stream.hpp"
#include "api/door/pipe_end.hpp"
#include "api/http/ask.hpp"
#include "api/http/exchange.hpp"
#include "api/http/on_disk.hpp"
#include "messages/engine.hpp"

namespace gantry::docker {

namespace asio = http::asio;
using door::event_feed;
using door::monitor_stream;
using door::pipe_end;
using http::as_tuple;
using http::ask;
using http::awaitable;
using http::exchange;
using http::loop;
using http::on_disk;
using http::pending;
using http::raw_connection;
using http::send_request;
using http::signal;
using http::use_awaitable;

/// What every endpoint works with. The door's thread alone.
struct context : http::workplace {
  engine_actor engine;
  engine_actors actors;
  engine_info facts; ///< as the engine said them when the door opened
};

} // namespace gantry::docker
