#pragma once

#include <atomic>
#include <functional>

#include "messages/caf.hpp"

namespace gantry::http {

/// The actor that asks on behalf of a coroutine of a door: the sender of one request, who ends with its answer. It has
/// no mailbox and is never scheduled: whoever answers hands the answer on, on its own thread, so that a request costs
/// the turn of the actor asked alone. Who monitors it learns that it was answered or given up.
class asker final : public caf::monitorable_actor {
public:
  /// Takes the answer: a message of one element, the reply or a caf::error. Called exactly once, on any thread: with an
  /// error where the request is given up, or all who could answer are gone.
  using listener = std::function<void(caf::message)>;

  asker(caf::actor_config& settings, listener to) : caf::monitorable_actor(settings), listener_(std::move(to)) {}

  /// Nobody waits for the answer any more. Any thread.
  void give_up();

  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit* host) override;
  void on_destroy() override;
  const char* name() const override { return "door.asker"; }

private:
  void end(caf::message answer, caf::exit_reason why, caf::execution_unit* host);

  listener listener_;
  std::atomic<bool> over_ = false; ///< the listener has been called, or is being called
};

/// Sends a request to an actor, in whose mailbox it is on return, on behalf of an asker of its own. The address is that
/// asker's: those who may answer hold it. Any thread.
caf::actor_addr send_for(caf::actor_system& system, const caf::strong_actor_ptr& to, caf::message request,
                         asker::listener listener);

/// Gives up what was sent so, if its answer has not come.
void give_up(const caf::actor_addr& asker_of_it);

} // namespace gantry::http
