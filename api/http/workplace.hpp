#pragma once

#include <memory>

#include <boost/asio/thread_pool.hpp>

#include "api/http/loop.hpp"
#include "messages/caf.hpp"

namespace gantry::http {

/// Where the coroutines of a door run, and what they reach from there. The door's thread alone; `home` and `disk` may
/// be posted to from anywhere.
struct workplace {
  caf::actor_system& system;
  std::shared_ptr<loop> home; ///< the door's thread
  asio::thread_pool& disk;    ///< for what blocks: log files, /proc
};

} // namespace gantry::http
