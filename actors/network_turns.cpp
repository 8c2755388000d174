#include <algorithm>

#include "actors/network.hpp"

namespace gantry::network_steps {
namespace {

bool idle(const network_state::one& network) {
  return network.touched && network.attached.empty() && network.operations == 0;
}

void answer_draining(network_state& state) {
  if (state.running != 0 || state.changing || !state.waiting.empty() || !state.cleaning.empty()) return;
  for (auto& promise : std::exchange(state.draining, {})) promise.deliver(done{});
}

void go_on(self_pointer self);

/// With the last sandbox go the host's rules, while nothing else runs: portmap's chains are shared by all networks.
void clean_next(self_pointer self) {
  auto& state = self->state;
  auto id = std::move(state.cleaning.front());
  state.cleaning.pop_front();
  auto found = state.networks.find(id);
  if (found == state.networks.end() || !idle(found->second)) return go_on(self);
  state.changing = true;
  clean(self, found->second.bridge, [self, id] {
    auto& s = self->state;
    s.changing = false;
    if (auto cleaned = s.networks.find(id); cleaned != s.networks.end())
      cleaned->second.prepared = cleaned->second.touched = false;
    go_on(self);
  });
}

void go_on(self_pointer self) {
  auto& state = self->state;
  if (state.changing) return;
  if (!state.cleaning.empty()) {
    if (state.running == 0) clean_next(self);
    return;
  }
  while (!state.changing && state.cleaning.empty() && state.running < max_network_operations &&
         !state.waiting.empty()) {
    auto next = std::move(state.waiting.front());
    state.waiting.pop_front();
    ++state.running;
    next();
  }
  answer_draining(state);
}

void remind(self_pointer self) {
  if (!std::exchange(self->state.reminded, true)) self->delayed_send(self, rules_linger, tidy_networks{});
}

/// Whole rules stay for who comes next; parts of them, as a crash or a failure leaves, are of use to nobody.
void left_alone(self_pointer self, const std::string& id) {
  auto found = self->state.networks.find(id);
  if (found == self->state.networks.end() || !idle(found->second)) return;
  if (self->state.ending || !found->second.prepared) return self->state.cleaning.push_back(id);
  found->second.idle_since = self->clock().now();
  remind(self);
}

} // namespace

void in_turn(self_pointer self, const std::string& network, std::function<void()> operation) {
  auto& state = self->state;
  if (auto found = state.networks.find(network); found != state.networks.end()) ++found->second.operations;
  state.waiting.push_back(std::move(operation));
  go_on(self);
}

void operation_ended(self_pointer self, const std::string& network) {
  auto& state = self->state;
  --state.running;
  std::vector<std::function<void()>> then;
  if (auto found = state.networks.find(network); found != state.networks.end() && --found->second.operations == 0)
    then = std::exchange(found->second.when_quiet, {});
  left_alone(self, network); // before what waited, which may remove it
  for (auto& next : then) next();
  go_on(self);
}

void when_prepared(self_pointer self, const std::string& network, outcome_callback operation) {
  auto& state = self->state;
  auto& one = state.networks.at(network); // it stays as long as operations of it run
  if (one.prepared) return operation({});
  if (state.changing) { // somebody is at it: take a place at the front again afterwards
    --state.running;
    state.waiting.push_front([self, network, operation] { when_prepared(self, network, operation); });
    return;
  }
  state.changing = one.touched = true;
  prepare(self, one.bridge, [self, network, operation](const result<void>& r) {
    self->state.changing = false;
    self->state.networks.at(network).prepared = r.has_value();
    operation(r);
    go_on(self);
  });
}

void clean_idle(self_pointer self) {
  for (const auto& [id, one] : self->state.networks) clean_if_idle(self->state, id);
  go_on(self);
}

bool clean_if_idle(network_state& state, const std::string& id) {
  auto found = state.networks.find(id);
  if (found == state.networks.end() || !idle(found->second)) return false;
  state.cleaning.push_back(id);
  return true;
}

void tidy(self_pointer self) {
  auto& state = self->state;
  state.reminded = false;
  const auto now = self->clock().now();
  bool some_linger = false;
  for (const auto& [id, one] : state.networks) {
    if (!idle(one)) continue;
    if (now - one.idle_since < rules_linger)
      some_linger = true;
    else
      state.cleaning.push_back(id);
  }
  if (some_linger) remind(self);
  go_on(self);
}

caf::result<done> drain(self_pointer self) {
  auto promise = self->make_response_promise<done>();
  self->state.ending = true;
  self->state.draining.push_back(promise);
  clean_idle(self);
  return promise;
}

} // namespace gantry::network_steps
