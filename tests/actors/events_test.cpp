#include "actors/events.hpp"

#include "tests/actors/stage.hpp"

namespace gantry::test {
namespace {

using batches = std::vector<event_batch>;

event_subscriber_actor::behavior_type keeper(event_subscriber_actor::pointer, batches* got) {
  return {[got](const event_batch& batch) { got->push_back(batch); }};
}

struct events_stage {
  stage on;
  events_actor events = on.spawn(gantry::events);
  batches got;
  event_subscriber_actor keeper_actor = on.spawn(keeper, &got);

  subscription subscribe(const std::string& ns, const std::string& only_pull = {}, unix_nanos since = 0) {
    return on.ask<subscription>(events, subscribe_events{ns, only_pull, keeper_actor, since}).value();
  }
  void happen(const std::string& action, unix_nanos time = 1, const std::string& ns = docker_namespace,
              event::subject type = event::subject::container) {
    on.say(events, event{ns, type, action, "pull-1", {}, time});
  }
  std::vector<std::string> actions() const {
    std::vector<std::string> names;
    for (const auto& batch : got)
      for (const auto& e : batch.events) names.push_back(e.action);
    return names;
  }
};

using words = std::vector<std::string>;

} // namespace

TEST_CASE("events: one batch at a time; what happens meanwhile comes with the next") {
  events_stage s;
  auto id = s.subscribe(docker_namespace).id;
  for (const auto* action : {"create", "start", "die"}) s.happen(action);
  CHECK(s.actions() == words{"create"});
  s.on.say(s.events, next_events{id});
  CHECK(s.actions() == words{"create", "start", "die"});
  CHECK(s.got.size() == 2);
  s.on.say(s.events, next_events{id}); // nothing new: nothing is sent until there is
  CHECK(s.got.size() == 2);
  s.happen("destroy");
  CHECK(s.got.size() == 3);
}

TEST_CASE("events: a subscriber that lags is told how many it missed, and others lose nothing") {
  events_stage s;
  auto id = s.subscribe(docker_namespace).id;
  batches quick;
  auto other = s.on.spawn(keeper, &quick);
  auto other_id = s.on.ask<subscription>(s.events, subscribe_events{"", "", other, 0}).value().id;
  for (std::size_t i = 0; i < buffered_events + 6; ++i) {
    s.happen("start");
    s.on.say(s.events, next_events{other_id});
  }
  s.on.say(s.events, next_events{id});
  REQUIRE(s.got.size() == 2);
  CHECK(s.got[1].events.size() == buffered_events);
  CHECK(s.got[1].missed == 5);
  s.on.say(s.events, next_events{id});
  s.happen("die");
  CHECK(s.got.back().missed == 0);
  std::size_t all = 0;
  for (const auto& batch : quick) all += batch.events.size();
  CHECK(all == buffered_events + 7);
  CHECK(quick.back().missed == 0);
}

TEST_CASE("events: what is remembered since a time comes first, and no more than is remembered") {
  events_stage s;
  for (unix_nanos at = 1; at <= 5; ++at) s.happen("e" + std::to_string(at), at);
  (void)s.subscribe(docker_namespace, "", 3);
  CHECK(s.actions() == words{"e3", "e4", "e5"});
  events_stage many;
  for (std::size_t i = 0; i < remembered_events + 10; ++i) many.happen("x");
  (void)many.subscribe(docker_namespace, "", 1);
  CHECK(many.actions().size() == remembered_events);
}

TEST_CASE("events: without since, the past is not told") {
  events_stage s;
  s.happen("before");
  (void)s.subscribe(docker_namespace);
  CHECK(s.got.empty());
}

TEST_CASE("events: progress goes to who asked for that pull, and nothing else does") {
  events_stage s;
  batches all;
  (void)s.on.ask<subscription>(s.events, subscribe_events{docker_namespace, "", s.on.spawn(keeper, &all), 0});
  (void)s.subscribe(docker_namespace, "pull-1");
  s.on.say(s.events, event{docker_namespace, event::subject::pull, "downloading", "pull-2", {}, 1});
  s.happen("create");
  CHECK(s.got.empty());
  CHECK(all.size() == 1);
  s.happen("downloading", 1, docker_namespace, event::subject::pull);
  CHECK(s.actions() == words{"downloading"});
  CHECK(all.size() == 1);
}

TEST_CASE("events: a namespace hears of its own alone, and an empty one of all") {
  events_stage s;
  batches all;
  (void)s.on.ask<subscription>(s.events, subscribe_events{"", "", s.on.spawn(keeper, &all), 0});
  (void)s.subscribe("k8s");
  s.happen("create");
  CHECK(s.got.empty());
  CHECK(all.size() == 1);
}

TEST_CASE("events: who unsubscribed or ended is not told any more") {
  events_stage s;
  auto id = s.subscribe(docker_namespace).id;
  s.on.say(s.events, unsubscribe_events{id});
  s.happen("create");
  CHECK(s.got.empty());
  (void)s.subscribe(docker_namespace);
  s.on.crash(s.keeper_actor);
  s.happen("create");
  CHECK(s.got.empty());
}

} // namespace gantry::test
