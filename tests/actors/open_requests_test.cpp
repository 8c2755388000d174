#include "actors/open_requests.hpp"

#include <optional>

#include "tests/catch.hpp"

namespace gantry::test {
namespace {

using namespace std::chrono_literals;

struct asked {
  std::optional<result<monitor::reply>> got;
  int times = 0;

  open_requests::callback keep() {
    return [this](result<monitor::reply> r) {
      got = std::move(r);
      ++times;
    };
  }
};

} // namespace

TEST_CASE("open requests: each answer reaches the one that asked, once") {
  open_requests open;
  open_requests::time_point start;
  asked first, second;
  auto one = open.add(start + 10s, first.keep());
  auto two = open.add(start + 10s, second.keep());
  CHECK(one != two);
  open.answer(two, monitor::reply(monitor::done{}));
  CHECK(first.times == 0);
  REQUIRE(second.got);
  CHECK(second.got->has_value());
  open.answer(two, fail(errc::internal, "again"));
  CHECK(second.times == 1);
  CHECK(open.size() == 1);
}

TEST_CASE("open requests: one whose time is over is answered by a time-out, and its late answer falls into nothing") {
  open_requests open;
  open_requests::time_point start;
  asked quick, slow;
  auto one = open.add(start + 10s, quick.keep());
  (void)open.add(start + 120s, slow.keep());
  open.give_up_overdue(start + 9s);
  CHECK(open.size() == 2);
  open.give_up_overdue(start + 10s);
  REQUIRE(quick.got);
  CHECK(quick.got->error().code == errc::timeout);
  CHECK(slow.times == 0);
  open.answer(one, monitor::reply(monitor::done{}));
  CHECK(quick.times == 1);
}

TEST_CASE("open requests: who is answered may ask again at once") {
  open_requests open;
  open_requests::time_point start;
  asked second;
  (void)open.add(start, [&](const result<monitor::reply>&) { (void)open.add(start + 1s, second.keep()); });
  open.give_up_overdue(start);
  CHECK(open.size() == 1);
  CHECK(second.times == 0);
}

} // namespace gantry::test
