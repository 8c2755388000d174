#pragma once

#include <caf/scheduler/test_coordinator.hpp>

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "messages/caf.hpp"
#include "tests/catch.hpp"

namespace gantry::test {

/// What became of a request so far.
template<class Reply>
class answer {
public:
  struct arrived {
    result<Reply> what;
    std::size_t hops = 0;
  };
  explicit answer(std::shared_ptr<std::optional<arrived>> box) : box_(std::move(box)) {}

  [[nodiscard]] bool here() const { return box_->has_value(); }
  /// The reply; a failed test when there is none or it is an error.
  [[nodiscard]] const Reply& value() const {
    REQUIRE(here());
    if (!(*box_)->what) FAIL((*box_)->what.error().message);
    return *(*box_)->what;
  }
  [[nodiscard]] bool ok() const { return here() && (*box_)->what.has_value(); }
  /// The error; a failed test when there is none.
  [[nodiscard]] const error& why() const {
    REQUIRE(here());
    REQUIRE_FALSE((*box_)->what.has_value());
    return (*box_)->what.error();
  }
  /// How many hops in sequence led to this answer (stage::hops_now).
  [[nodiscard]] std::size_t hops() const {
    REQUIRE(here());
    return (*box_)->hops;
  }

private:
  std::shared_ptr<std::optional<arrived>> box_;
};

/// An actor system on one thread, one message at a time, where time passes only when a test says so
/// (caf/scheduler/test_coordinator.hpp). Actors that run detached in an engine are spawned here as the others are.
class stage {
public:
  stage();
  /// Ends every actor that has ever had a message.
  ~stage();
  stage(const stage&) = delete;
  stage& operator=(const stage&) = delete;

  [[nodiscard]] caf::actor_system& system() { return *system_; }

  template<class... Args>
  auto spawn(Args&&... args) {
    return system_->spawn(std::forward<Args>(args)...);
  }

  /// Lets every actor work until all mailboxes are empty. Time stands still.
  void run();
  /// Lets time pass, and what is due happen, then runs.
  void advance(std::chrono::milliseconds by);

  /// Sends a request from a door of its own, as a client's connection does, and runs.
  template<class Reply, class Handle, class Request>
  answer<Reply> ask(const Handle& to, Request request) {
    auto made = ask_later<Reply>(to, std::move(request));
    run();
    return made;
  }
  /// As ask, without running: for requests that are to arrive together.
  template<class Reply, class Handle, class Request>
  answer<Reply> ask_later(const Handle& to, Request request) {
    auto box = std::make_shared<std::optional<typename answer<Reply>::arrived>>();
    system_->spawn([this, to, request, box](caf::event_based_actor* self) {
      self->request(to, caf::infinite, request)
          .then(
              [this, box](const Reply& reply) {
                box->emplace(typename answer<Reply>::arrived{reply, hops_});
              },
              [this, box](const caf::error& e) {
                box->emplace(typename answer<Reply>::arrived{tl::unexpected<error>(from_caf(e)), hops_});
              });
    });
    return answer<Reply>(box);
  }
  /// Tells an actor something, and runs.
  template<class Handle, class Message>
  void say(const Handle& to, Message message) {
    tell(to, std::move(message));
    run();
  }
  /// Ends an actor as a crash would, and runs.
  template<class Handle>
  void crash(const Handle& whom) {
    caf::anon_send_exit(whom, caf::exit_reason::kill);
    run();
  }

private:
  /// Where a message in a mailbox came from. A hop is a request, or a fact, from one actor to another; what one says to
  /// itself is none, and an answer rides back on its request. `hops`: on the longest way from a door to the sender.
  struct origin {
    caf::actor_id sender = 0;
    std::size_t hops = 0;
  };
  struct mailbox {
    caf::actor_addr owner;
    std::deque<origin> urgent, normal; ///< as CAF's two queues
  };

  caf::scheduler::test_coordinator& coordinator();
  void step();
  /// Notes what arrived in the mailboxes since the last time.
  void note(const origin& from);

  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  std::map<caf::actor_id, mailbox> mailboxes_;
  std::size_t hops_ = 0; ///< that led to the message being handled
};

} // namespace gantry::test
