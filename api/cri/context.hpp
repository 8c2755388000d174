#pragma once

#include "api/cri/cri.pb.h"
#include "api/http/ask.hpp"
#include "api/http/on_disk.hpp"
#include "messages/engine.hpp"

namespace gantry::cri {

namespace v1 = ::runtime::v1;
namespace asio = http::asio;
using http::as_tuple;
using http::ask;
using http::awaitable;
using http::loop;
using http::on_disk;
using http::signal;
using http::use_awaitable;

class streaming_server;

/// What every call works with. The door's thread alone, but for `facts` and `actors.boards`, which any may read.
struct context : http::workplace {
  engine_actor engine;
  engine_actors actors;
  engine_info facts;                   ///< as the engine said them when the door opened
  streaming_server* streams = nullptr; ///< from when it serves
};

} // namespace gantry::cri
