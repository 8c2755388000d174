#include "store/registry/transfer_queue.hpp"

#include <algorithm>

namespace gantry::store {

namespace {

/// A transfer that got this much further since its last failure has all its attempts again: on a bad line a large
/// layer takes many of them, and its size bounds their number.
constexpr std::uint64_t forgiving_progress = 1u << 20;
constexpr std::chrono::milliseconds idle_turn{10000};
/// A turn that takes no longer hears all that there is to hear. Without it, a loop that is always busy would never find
/// a connection silent.
constexpr std::chrono::milliseconds usual_work{100};

} // namespace

std::uint64_t transfer_queue::group_of(const transfer& one) {
  // Ids and groups must not meet: those without a group are one of their own.
  return one.order.group != 0 ? one.order.group << 1 : (one.order.id << 1 | 1u);
}

void transfer_queue::add(transfer_order order) {
  auto id = order.id;
  transfer made;
  auto limit = order.of == transfer_order::kind::document ? conversation::body_limit::document_timeout
                                                          : conversation::body_limit::none;
  made.talk = std::make_unique<conversation>(shared_, id, order.from, order.who, *order.what, limit);
  made.progress = order.what->progress();
  made.order = std::move(order);
  groups_.try_emplace(group_of(made)).first->second.active = heard();
  transfers_.emplace(id, std::move(made));
}

void transfer_queue::cancel(transfer_id id) {
  if (!transfers_.contains(id)) return;
  error reason{errc::cancelled, "nobody waits for it any more", 0};
  finish(id, &reason);
}

void transfer_queue::cancel_all(const error& reason) {
  while (!transfers_.empty()) finish(transfers_.begin()->first, &reason);
}

void transfer_queue::wake(transfer_id id) {
  auto found = transfers_.find(id);
  if (found == transfers_.end()) return;
  auto& one = found->second;
  one.paused_since = {};
  // Until now it was excused; the silence that counts begins here.
  if (one.now == phase::parked || one.talk->paused()) groups_[group_of(one)].active = one.active = heard();
  if (one.now == phase::parked) one.now = phase::queued;
  if (one.now == phase::running) one.talk->unpause();
}

void transfer_queue::start_queued() {
  // Downloads and uploads do not wait for one another.
  std::map<std::pair<std::string, transfer_order::kind>, std::size_t> busy;
  auto busy_with = [&](const transfer& one) -> std::size_t& { return busy[{one.order.from.domain, one.order.of}]; };
  for (const auto& [id, one] : transfers_)
    if (one.now == phase::running || one.now == phase::waiting) ++busy_with(one);
  for (auto& [id, one] : transfers_) {
    if (one.now != phase::queued) continue;
    if (one.order.of != transfer_order::kind::document && busy_with(one)++ >= options_.max_blobs_per_registry) continue;
    start(one);
  }
}

void transfer_queue::start(transfer& one) {
  one.now = phase::running;
  one.active = heard();
  one.paused_since = {};
  auto id = one.order.id;
  if (std::exchange(one.asked_to_wait, false)) groups_[group_of(one)].active = one.active;
  if (one.order.what->ready()) {
    outcomes_.emplace_back(id, std::nullopt);
    return;
  }
  // The outcome is kept for the end of the turn: the conversation that reports it may be gone after it.
  one.talk->begin([this, id](conversation::outcome result) { outcomes_.emplace_back(id, std::move(result)); },
                  [this, &one] { groups_[group_of(one)].active = one.active = heard(); });
}

void transfer_queue::start_due(clock::time_point now) {
  for (auto& [id, one] : transfers_)
    if (one.now == phase::waiting && one.due <= now) start(one);
}

void transfer_queue::settle_outcomes() {
  auto outcomes = std::exchange(outcomes_, {});
  for (auto& [id, result] : outcomes)
    if (auto found = transfers_.find(id); found != transfers_.end()) settle(found->second, std::move(result));
}

void transfer_queue::settle(transfer& one, conversation::outcome result) {
  if (result && !result->retry) return finish(one.order.id, &result->reason);
  // A connection that broke after the last byte broke too late to matter.
  if (!result || one.order.what->ready()) return finish(one.order.id, nullptr);
  retry(one, std::move(*result));
}

void transfer_queue::retry(transfer& one, attempt_failure failure) {
  auto progress = one.order.what->progress();
  if (progress >= one.progress + forgiving_progress) {
    one.failures = 0;
    one.progress = progress;
  }
  one.failures += failure.weight;
  if (one.failures >= options_.retries.attempts) {
    failure.reason.message += " (tried again in vain)";
    return finish(one.order.id, &failure.reason);
  }
  std::uniform_real_distribution<double> jitter(0, 1);
  one.talk->stop();
  one.now = phase::waiting;
  one.asked_to_wait = failure.retry_after.has_value();
  one.due = clock::now() + options_.retries.delay(one.failures, jitter(random_), failure.retry_after);
}

void transfer_queue::finish(transfer_id id, const error* reason) {
  auto node = transfers_.extract(id);
  auto& one = node.mapped();
  one.talk.reset();
  auto group = group_of(one);
  auto same = [&](const auto& entry) { return group_of(entry.second) == group; };
  if (std::none_of(transfers_.begin(), transfers_.end(), same)) groups_.erase(group);
  if (reason == nullptr) return one.order.what->succeed();
  auto told = *reason;
  told.message = fmt::format("{} of {}: {}", one.order.what->subject(), one.order.from.name(), told.message);
  one.order.what->fail(std::move(told));
}

void transfer_queue::watch_pauses(clock::time_point now) {
  for (auto& [id, one] : transfers_) {
    if (one.now != phase::running) continue;
    if (!one.talk->paused())
      one.paused_since = {};
    else if (one.paused_since == clock::time_point{})
      one.paused_since = now;
    else if (now - one.paused_since >= options_.park_after) {
      // Others may need the connection, and a server would close it anyway.
      one.talk->stop();
      one.now = phase::parked;
    }
  }
}

/// Only silence on the network counts: not a reader that is slow, not a disk, not the turn of others, not a server's
/// own wish.
void transfer_queue::watch_stalls() {
  auto now = heard();
  for (auto& [key, state] : groups_) {
    state.on_network = state.excused = false;
    state.active = std::min(state.active, now); // a byte that came while this thread was held up is of now
  }
  for (auto& [id, one] : transfers_) {
    auto& state = groups_[group_of(one)];
    auto paused = one.now == phase::parked || (one.now == phase::running && one.talk->paused());
    state.on_network |= one.now == phase::running || one.now == phase::waiting;
    state.excused |= paused || (one.now == phase::waiting && one.asked_to_wait);
    one.active = paused ? now : std::min(one.active, now);
  }
  for (auto& [key, state] : groups_) watch_group(key, state, now);
  restart_silent(now);
}

void transfer_queue::watch_group(std::uint64_t group, group_state& state, clock::time_point heard_now) {
  if (state.excused || !state.on_network) state.active = heard_now;
  if (heard_now - state.active < options_.stall_timeout) return;
  error reason{errc::timeout,
               fmt::format("not a byte came for {} s: the registry or the way to it hangs; pulling again goes on "
                           "where this ended",
                           std::chrono::duration_cast<std::chrono::seconds>(options_.stall_timeout).count()),
               0};
  for (auto& [id, one] : transfers_)
    if (group_of(one) == group && one.now != phase::queued)
      outcomes_.emplace_back(id, attempt_failure{reason, false, std::nullopt, 1});
}

/// One connection that is dead while the rest of its group gets bytes: a new one may live.
void transfer_queue::restart_silent(clock::time_point heard_now) {
  for (auto& [id, one] : transfers_) {
    if (one.now != phase::running || heard_now - one.active < options_.stall_timeout) continue;
    one.talk->stop();
    outcomes_.emplace_back(id, attempt_failure{{errc::timeout, "its connection went silent", 0}, true, {}, 1});
    one.active = heard_now;
  }
}

void transfer_queue::note_work() {
  auto now = clock::now();
  deaf_ += std::max(now - busy_since_ - usual_work, clock::duration(0));
  busy_since_ = now;
}

transfer_queue::clock::time_point transfer_queue::next_due(clock::time_point now) const {
  auto next = now + idle_turn;
  for (const auto& [id, one] : transfers_) {
    if (one.now == phase::waiting) next = std::min(next, one.due);
    if (one.paused_since != clock::time_point{}) next = std::min(next, one.paused_since + options_.park_after);
  }
  for (const auto& [key, state] : groups_) next = std::min(next, state.active + deaf_ + options_.stall_timeout);
  return next;
}

std::chrono::milliseconds transfer_queue::turn() {
  auto now = clock::now();
  settle_outcomes();
  start_due(now);
  start_queued();
  watch_pauses(now);
  note_work(); // the end of a transfer writes to the disk, too
  watch_stalls();
  note_work();
  if (!outcomes_.empty()) return std::chrono::milliseconds(0);
  auto left = std::chrono::ceil<std::chrono::milliseconds>(next_due(now) - clock::now());
  return std::clamp(left, std::chrono::milliseconds(1), idle_turn);
}

} // namespace gantry::store
