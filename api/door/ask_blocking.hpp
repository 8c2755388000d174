#pragma once

#include "messages/engine.hpp"

namespace gantry::door {

/// Asks the engine before a door opens, and waits. For a thread that is no actor's. Errors: the engine's; unavailable.
template<class Reply, class Request>
result<Reply> ask_blocking(caf::actor_system& system, const engine_actor& engine, Request what) {
  caf::scoped_actor self{system};
  result<Reply> got = fail(errc::internal, "no answer");
  request_within(self, engine, deadline::inner, std::move(what))
      .receive([&](Reply& reply) { got = std::move(reply); },
               [&](caf::error& why) { got = tl::unexpected<error>(from_caf(why)); });
  return got;
}

} // namespace gantry::door
