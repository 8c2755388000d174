#include "api/http/asker.hpp"

namespace gantry::http {

void asker::enqueue(caf::mailbox_element_ptr what, caf::execution_unit* host) {
  if (!what->mid.is_response()) return bounce(what); // nobody has reason to ask it anything
  end(what->move_content_to_message(), caf::exit_reason::normal, host);
}

void asker::give_up() {
  end(caf::make_message(caf::make_error(caf::sec::request_timeout)), caf::exit_reason::user_shutdown, nullptr);
}

/// The last who could have answered let go of it.
void asker::on_destroy() {
  end(caf::make_message(caf::make_error(caf::sec::request_receiver_down)), caf::exit_reason::unreachable, nullptr);
}

void asker::end(caf::message answer, caf::exit_reason why, caf::execution_unit* host) {
  if (over_.exchange(true)) return;
  auto tell = std::move(listener_); // what it holds ends with the call, not with whoever holds this actor
  tell(std::move(answer));
  cleanup(why, host);
}

caf::actor_addr send_for(caf::actor_system& system, const caf::strong_actor_ptr& to, caf::message request,
                         asker::listener listener) {
  caf::actor_config settings;
  auto made = caf::make_actor<asker, caf::strong_actor_ptr>(system.next_actor_id(), system.node(), &system, settings,
                                                            std::move(listener));
  caf::message_id number; // each asker asks once: all requests have the number one
  ++number;
  if (to) to->enqueue(made, number, std::move(request), nullptr);
  return caf::actor_cast<caf::actor_addr>(made);
}

void give_up(const caf::actor_addr& asker_of_it) {
  if (auto found = caf::actor_cast<caf::strong_actor_ptr>(asker_of_it)) static_cast<asker*>(found->get())->give_up();
}

} // namespace gantry::http
