#pragma once

#include <memory>
#include <string>

#include <boost/asio/thread_pool.hpp>

#include "api/docker/loop.hpp"
#include "messages/engine.hpp"

namespace gantry::docker {

/// What every endpoint works with. The door's thread alone; `home` and `disk` may be posted to from anywhere.
struct context {
  caf::actor_system& system;
  engine_actor engine;
  engine_actors actors;
  engine_info facts;          ///< as the engine said them when the door opened
  std::shared_ptr<loop> home; ///< the door's thread
  asio::thread_pool& disk;    ///< for what blocks: log files, /proc
};

} // namespace gantry::docker
