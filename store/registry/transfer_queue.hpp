#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "store/registry/conversation.hpp"

namespace gantry::store {

using transfer_id = std::uint64_t;

/// What registry_client's methods ask for.
struct transfer_order {
  enum class kind : std::uint8_t { document, blob, upload };

  transfer_id id = 0;
  kind of = kind::document;
  reference from;
  credentials who;
  std::uint64_t group = 0; ///< transfers that stall only together; 0: alone
  std::unique_ptr<payload> what;
};

/// Decides when each transfer runs: blobs take turns per registry, failures wait and try again, paused ones give up
/// their connection, groups that get no byte fail. One thread; nothing here blocks.
class transfer_queue {
public:
  using clock = std::chrono::steady_clock;

  transfer_queue(const client_options& options, registry_services shared) : options_(options), shared_(shared) {}
  transfer_queue(const transfer_queue&) = delete;
  transfer_queue& operator=(const transfer_queue&) = delete;

  void add(transfer_order order);
  /// The caller is told errc::cancelled.
  void cancel(transfer_id id);
  void cancel_all(const error& reason);
  /// The reader of a blob has caught up, or is gone.
  void wake(transfer_id id);

  /// The thread has waited for its sockets until now. What passes from here to the end of `turn` is its own work.
  void listened() { busy_since_ = clock::now(); }
  /// Does what is due. Returns how long nothing else will be, if no socket says otherwise.
  std::chrono::milliseconds turn();

private:
  enum class phase : std::uint8_t {
    queued,  ///< waits for its turn at the registry
    running, ///< on the network, or paused there
    parked,  ///< paused for so long that its connection was given up
    waiting, ///< for its next attempt
  };

  struct transfer {
    transfer_order order;
    std::unique_ptr<conversation> talk;
    phase now = phase::queued;
    unsigned failures = 0;
    std::uint64_t progress = 0; ///< at the last failure
    clock::time_point due;
    clock::time_point active;       ///< as heard() has it
    clock::time_point paused_since; ///< epoch: not paused
    bool asked_to_wait = false;     ///< by the server
  };

  struct group_state {
    clock::time_point active; ///< as heard() has it
    bool on_network = false;  ///< somebody of it has a request out, or will have
    bool excused = false;     ///< somebody of it waits for us, or because the server said so
  };

  void start(transfer& one);
  void start_queued();
  void start_due(clock::time_point now);
  void settle_outcomes();
  void settle(transfer& one, conversation::outcome result);
  void retry(transfer& one, attempt_failure failure);
  void finish(transfer_id id, const error* reason);
  void watch_pauses(clock::time_point now);
  void watch_stalls();
  void watch_group(std::uint64_t group, group_state& state, clock::time_point heard_now);
  void restart_silent(clock::time_point heard_now);
  /// A clock that stands still while this thread is held up, by a disk above all: it hears nobody then, so that is
  /// nobody's silence.
  [[nodiscard]] clock::time_point heard() const { return clock::now() - deaf_; }
  void note_work();
  [[nodiscard]] clock::time_point next_due(clock::time_point now) const;
  [[nodiscard]] static std::uint64_t group_of(const transfer& one);

  const client_options& options_;
  registry_services shared_;
  std::map<transfer_id, transfer> transfers_; ///< ids grow, so the order is that of arrival
  std::map<std::uint64_t, group_state> groups_;
  std::vector<std::pair<transfer_id, conversation::outcome>> outcomes_;
  clock::time_point busy_since_ = clock::now();
  clock::duration deaf_{0}; ///< grows only
  std::minstd_rand random_{std::random_device{}()};
};

} // namespace gantry::store
