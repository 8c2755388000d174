#include "actors/admission.hpp"

#include <algorithm>
#include <set>

#include "tests/actors/stage.hpp"

namespace gantry::test {
namespace {

struct holder_actor {
  caf::actor actor;
  explicit holder_actor(stage& on)
      : actor(on.spawn([](caf::event_based_actor*) -> caf::behavior { return {[](int) {}}; })) {}
};

struct door {
  stage on;
  admission_actor admission;
  holder_actor holder{on};

  explicit door(admission_limit limit, admission_limit launch = {16, 4096}) {
    admission_limits limits;
    limits.creation = limit;
    limits.launch = launch;
    admission = on.spawn(gantry::admission, limits);
  }
  acquire_slot request(const std::string& client, work_kind what = work_kind::creation) {
    return {what, client, holder.actor.address()};
  }
  answer<slot> acquire(const std::string& client) { return on.ask<slot>(admission, request(client)); }
};

} // namespace

TEST_CASE("admission: places are distinct, and a request beyond them waits") {
  door d({3, 10});
  std::set<std::uint32_t> places;
  for (int i = 0; i < 3; ++i) places.insert(d.acquire("a").value().place);
  CHECK(places == std::set<std::uint32_t>{0, 1, 2});
  CHECK_FALSE(d.acquire("a").here());
}

TEST_CASE("admission: over the bound of the queue the answer is exhausted, at once") {
  door d({1, 2});
  auto first = d.acquire("a"), second = d.acquire("a"), third = d.acquire("b");
  REQUIRE(first.here());
  auto over = d.acquire("c");
  CHECK(over.why().code == errc::exhausted);
  CHECK_FALSE(second.here());
  d.on.say(d.admission, release_slot{first.value()});
  CHECK(second.here());
  CHECK_FALSE(third.here());
}

TEST_CASE("admission: nothing more is created while as many wait to be started as are") {
  door d({2, 1}, {2, 100});
  auto start = [&] { return d.on.ask<slot>(d.admission, d.request("a", work_kind::launch)); };
  auto running = start(), other = start(), third = start();
  CHECK(d.acquire("a").here());
  auto fourth = start();
  auto waiting = d.acquire("b");
  CHECK_FALSE(waiting.here());
  CHECK(d.acquire("b").why().code == errc::exhausted); // the queue's bound
  d.on.say(d.admission, release_slot{running.value()});
  CHECK(third.here());
  CHECK(waiting.here());
}

TEST_CASE("admission: who has ended before its request came gets nothing, and what is passed to it is free") {
  door d({1, 10});
  auto gone = [&d] {
    holder_actor one(d.on);
    auto address = one.actor.address();
    d.on.crash(one.actor);
    return address;
  }();
  REQUIRE(caf::actor_cast<caf::strong_actor_ptr>(gone) == nullptr);
  auto late = d.on.ask<slot>(d.admission, acquire_slot{work_kind::creation, "a", gone});
  CHECK(late.why().code == errc::cancelled);
  auto first = d.acquire("a"), second = d.acquire("b");
  CHECK_FALSE(second.here());
  d.on.say(d.admission, pass_slot{first.value(), gone});
  CHECK(second.here());
}

TEST_CASE("admission: creations go on when those that wait to be started are gone") {
  door d({2, 5}, {1, 100});
  const auto start = [&](const caf::actor_addr& who) {
    return d.on.ask<slot>(d.admission, acquire_slot{work_kind::launch, "a", who});
  };
  auto running = start(d.holder.actor.address());
  holder_actor other(d.on);
  auto hopeless = start(other.actor.address());
  auto waiting = d.acquire("b");
  CHECK_FALSE(waiting.here());
  SECTION("with who asked for it") { d.on.crash(other.actor); }
  SECTION("refused for their wait") {
    d.on.advance(longest_wait - std::chrono::seconds(1));
    CHECK_FALSE(waiting.here());
    waiting = d.acquire("b"); // a later one: the first is refused as they are
    d.on.advance(std::chrono::seconds(3));
    CHECK(hopeless.why().code == errc::exhausted);
  }
  CHECK(waiting.here());
  CHECK(waiting.ok());
}

TEST_CASE("admission: a slot that was passed on ends with its new holder") {
  door d({1, 5});
  holder_actor other(d.on);
  const auto held = d.acquire("a").value();
  d.on.say(d.admission, pass_slot{held, other.actor.address()});
  auto waiting = d.acquire("b");
  CHECK_FALSE(waiting.here());
  d.on.crash(other.actor);
  CHECK(waiting.here());
}

TEST_CASE("admission: clients take turns, whatever the length of their queues") {
  door d({1, 100});
  auto held = d.acquire("greedy");
  std::vector<answer<slot>> greedy;
  for (int i = 0; i < 5; ++i) greedy.push_back(d.acquire("greedy"));
  auto modest = d.acquire("modest"), shy = d.acquire("shy");
  d.on.say(d.admission, release_slot{held.value()});
  REQUIRE(greedy[0].here());
  d.on.say(d.admission, release_slot{greedy[0].value()});
  REQUIRE(modest.here());
  d.on.say(d.admission, release_slot{modest.value()});
  REQUIRE(shy.here());
  d.on.say(d.admission, release_slot{shy.value()});
  CHECK(greedy[1].here());
  CHECK_FALSE(greedy[2].here());
}

TEST_CASE("admission: a slot is freed by its holder's end, and what the holder waited for is forgotten") {
  door d({1, 100});
  holder_actor other(d.on);
  auto held = d.acquire("a");
  auto waiting_of_same = d.acquire("a");
  auto next = d.on.ask<slot>(d.admission, acquire_slot{work_kind::creation, "b", other.actor.address()});
  d.on.crash(d.holder.actor);
  CHECK(next.value().place == held.value().place);
  CHECK_FALSE(waiting_of_same.ok());
}

TEST_CASE("admission: a holder is watched as long as it has or awaits anything, and again later") {
  door d({2, 100});
  auto first = d.acquire("a"), second = d.acquire("a");
  d.on.say(d.admission, release_slot{first.value()});
  d.on.say(d.admission, release_slot{second.value()});
  auto third = d.acquire("a"), fourth = d.acquire("a");
  d.on.say(d.admission, release_slot{third.value()}); // it still has the fourth
  d.on.crash(d.holder.actor);
  holder_actor other(d.on);
  for (int i = 0; i < 2; ++i)
    CHECK(d.on.ask<slot>(d.admission, acquire_slot{work_kind::creation, "b", other.actor.address()}).ok());
  CHECK(fourth.ok());
}

TEST_CASE("admission: who waits too long for a creation or a start is refused, whoever holds the slots") {
  auto kind = GENERATE(work_kind::creation, work_kind::launch);
  door d({1, 100}, {1, 100});
  auto ask = [&](const std::string& client) { return d.on.ask<slot>(d.admission, d.request(client, kind)); };
  auto held = ask("a"), early = ask("a"), other = ask("b");
  d.on.advance(longest_wait / 2);
  auto late = ask("a");
  d.on.advance(longest_wait / 2 - admission_tick);
  CHECK_FALSE(early.here());
  d.on.advance(2 * admission_tick);
  CHECK(early.why().code == errc::exhausted);
  CHECK(other.why().code == errc::exhausted);
  CHECK_FALSE(late.here());
  d.on.say(d.admission, release_slot{held.value()}); // those refused take no turn
  CHECK(late.ok());
  d.on.advance(2 * longest_wait);
  CHECK_FALSE(ask("c").here()); // what was granted is held as long as its holder likes
}

TEST_CASE("admission: a pull and its extractions wait as long as their client does") {
  auto kind = GENERATE(work_kind::pull, work_kind::extraction);
  door d({1, 100});
  std::vector<answer<slot>> asked;
  for (int i = 0; i < 5; ++i) asked.push_back(d.on.ask<slot>(d.admission, d.request("a", kind)));
  d.on.advance(10 * longest_wait);
  d.on.say(d.admission, release_slot{asked.front().value()});
  for (std::size_t i = 1; i < asked.size(); ++i) CHECK((!asked[i].here() || asked[i].ok()));
  CHECK(std::count_if(asked.begin(), asked.end(), [](const auto& one) { return one.ok(); }) >= 2);
}

TEST_CASE("admission: a slot that is released twice frees one place") {
  door d({1, 100});
  auto held = d.acquire("a");
  d.on.say(d.admission, release_slot{held.value()});
  d.on.say(d.admission, release_slot{held.value()});
  CHECK(d.acquire("a").here());
  CHECK_FALSE(d.acquire("a").here());
}

TEST_CASE("admission: the classes of work do not take each other's places") {
  door d({1, 0});
  CHECK(d.acquire("a").ok());
  CHECK(d.acquire("a").why().code == errc::exhausted);
  CHECK(d.on.ask<slot>(d.admission, d.request("a", work_kind::pull)).ok());
  CHECK(d.on.ask<slot>(d.admission, d.request("a", work_kind::launch)).ok());
}

} // namespace gantry::test
