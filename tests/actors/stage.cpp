#include "tests/actors/stage.hpp"

#include <spdlog/spdlog.h>

namespace gantry::test {

stage::stage() {
  spdlog::set_level(spdlog::level::off); // failures are what is tested
  config_.set("scheduler.policy", caf::atom("testing"));
  config_.set("logger.console-verbosity", caf::atom("quiet"));
  config_.set("logger.file-verbosity", caf::atom("quiet"));
  system_ = std::make_unique<caf::actor_system>(config_);
  system_->await_actors_before_shutdown(false);
}

stage::~stage() {
  run();
  for (const auto& [id, box] : mailboxes_)
    if (auto actor = caf::actor_cast<caf::actor>(box.owner)) caf::anon_send_exit(actor, caf::exit_reason::kill);
  run();
}

caf::scheduler::test_coordinator& stage::coordinator() {
  return dynamic_cast<caf::scheduler::test_coordinator&>(system_->scheduler());
}

void stage::note(const origin& from) {
  for (auto* job : coordinator().jobs) {
    auto* actor = dynamic_cast<caf::scheduled_actor*>(job);
    if (actor == nullptr || actor->mailbox().closed()) continue;
    actor->mailbox().fetch_more();
    auto& box = mailboxes_[actor->id()];
    if (!box.owner) box.owner = actor->address();
    box.urgent.resize(actor->get_urgent_queue().total_task_size(), from);
    box.normal.resize(actor->get_normal_queue().total_task_size(), from);
  }
}

void stage::step() {
  auto* actor = dynamic_cast<caf::scheduled_actor*>(coordinator().jobs.front());
  origin now;
  if (actor != nullptr && !actor->mailbox().closed()) {
    now.sender = actor->id();
    auto& box = mailboxes_[actor->id()];
    auto& queue = box.urgent.empty() ? box.normal : box.urgent;
    const auto* message = actor->mailbox().peek();
    if (message != nullptr && !queue.empty()) {
      auto from = queue.front();
      bool free = message->mid.is_response() || from.sender == actor->id();
      now.hops = from.hops + (free ? 0 : 1);
      queue.pop_front();
    }
  }
  hops_ = now.hops;
  coordinator().run_once();
  note(now);
}

void stage::run() {
  note({});
  while (coordinator().has_job()) step();
}

void stage::advance(std::chrono::milliseconds by) {
  coordinator().advance_time(by);
  run();
}

} // namespace gantry::test
