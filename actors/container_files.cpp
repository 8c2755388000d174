#include "actors/container_supervisor.hpp"

namespace gantry::container {
namespace {

constexpr std::chrono::seconds longest_borrowing{60}; // that a start waits for

/// Of one that does not run, a writable layer in memory is no more.
bool has_lost_layer(const container_record& record) {
  return record.snapshot == 0 && !record.options.read_only_rootfs && record.options.writable_memory > 0;
}

result<void> may_borrow(const container_supervisor_state& state) {
  const auto& record = state.record;
  if (state.removing || record.state.now == phase::removing || record.state.now == phase::dead)
    return fail(errc::failed_precondition, "container {} is being removed", record.name.id);
  if (state.borrowers.size() + state.when_returned.size() >= max_borrowers)
    return fail(errc::exhausted, "{} clients copy files of container {} already; try again when one is done",
                max_borrowers, record.name.id);
  return {};
}

/// Now, or when the container has come to a state in which its files are to be had.
void lend(self_pointer self, const borrow_rootfs& request, caf::typed_response_promise<borrowed_rootfs> promise) {
  auto& state = self->state;
  auto again = [self, request, promise] { lend(self, request, promise); };
  // Held: an address alone may be of an actor that is no more by now, which CAF would not notice.
  const auto borrower = caf::actor_cast<caf::strong_actor_ptr>(request.borrower);
  if (!borrower) return refuse(promise, {errc::cancelled, "whoever asked for the container's files has ended", 0});
  if (auto may = may_borrow(state); !may) return refuse(promise, may.error());
  if (state.record.state.now == phase::starting) return state.when_launched.push_back(again);
  const bool runs = alive(state);
  if (!runs && !state.clean) return state.when_clean.push_back(again); // its overlay may still be mounted
  if (!runs && !state.borrowers.empty()) return state.when_returned.push_back(again);
  if (!runs && has_lost_layer(state.record))
    return refuse(promise, {errc::failed_precondition,
                            "container " + state.record.name.id +
                                " is not running, and its writable layer was in memory: it ended with it",
                            0});
  self->monitor(borrower); // one that has ended by now is told at once
  state.borrowers.push_back(request.borrower);
  promise.deliver(borrowed_rootfs{std::make_shared<const container_record>(state.record),
                                  rootfs_of(*state.parts->config, state.record)});
}

} // namespace

caf::result<borrowed_rootfs> borrow(self_pointer self, const borrow_rootfs& request) {
  auto promise = self->make_response_promise<borrowed_rootfs>();
  lend(self, request, promise);
  return promise;
}

void take_back(self_pointer self, const caf::actor_addr& borrower) {
  auto& state = self->state;
  if (std::erase(state.borrowers, borrower) == 0 || !state.borrowers.empty()) return;
  for (auto& action : std::exchange(state.when_returned, {})) action();
}

void when_returned(self_pointer self, std::function<void()> start, std::function<void(error)> give_up) {
  auto& state = self->state;
  if (state.borrowers.empty()) return start();
  state.record.state.now = phase::starting; // refuses a second start meanwhile, and lets no more borrow
  state.give_up_start = std::move(give_up);
  state.when_returned.push_back([self, start = std::move(start)] {
    if (std::exchange(self->state.give_up_start, nullptr)) start();
  });
  self->delayed_send(self, longest_borrowing, reminder{reminder::about::give_up_start, ++state.generation});
}

void give_up_start(self_pointer self) {
  if (auto give_up = std::exchange(self->state.give_up_start, nullptr))
    give_up({errc::failed_precondition,
             fmt::format("its files are still being copied after {} s (docker cp or export); try again when that is "
                         "done",
                         longest_borrowing.count()),
             0});
}

} // namespace gantry::container
