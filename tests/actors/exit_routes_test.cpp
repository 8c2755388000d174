#include "actors/exit_routes.hpp"

#include "tests/actors/stage.hpp"

namespace gantry::test {
namespace {

const key web{"docker", "web"};

/// Watchers are compared, never told anything.
struct two_watchers {
  stage on;
  caf::scoped_actor one{on.system()}, other{on.system()};

  static container_supervisor_actor of(const caf::scoped_actor& who) {
    return caf::actor_cast<container_supervisor_actor>(caf::actor_cast<caf::strong_actor_ptr>(who.ptr()));
  }
};

monitor::process_exited end_of(const std::string& exec_id, int code) { return {web, exec_id, code, false, false, 7}; }

} // namespace

TEST_CASE("exit routes: an end goes to who watches, and is kept for nobody else") {
  two_watchers who;
  exit_routes routes;
  CHECK_FALSE(routes.watch(web, who.of(who.one)));
  const auto* to = routes.route(end_of("", 3));
  REQUIRE(to);
  CHECK(*to == who.of(who.one));
  CHECK_FALSE(routes.watch(web, who.of(who.other)));
  CHECK(*routes.route(end_of("", 3)) == who.of(who.other));
}

TEST_CASE("exit routes: an init that ended before it was watched is its watcher's, once") {
  two_watchers who;
  exit_routes routes;
  CHECK_FALSE(routes.route(end_of("", 3)));
  auto before = routes.watch(web, who.of(who.one));
  REQUIRE(before);
  CHECK(before->exit_code == 3);
  CHECK_FALSE(routes.watch(web, who.of(who.one)));
}

TEST_CASE("exit routes: an exec session that nobody watches ends unheard") {
  two_watchers who;
  exit_routes routes;
  CHECK_FALSE(routes.route(end_of("1f", 3)));
  CHECK_FALSE(routes.watch(web, who.of(who.one)));
}

TEST_CASE("exit routes: no end of one life reaches the next") {
  two_watchers who;
  exit_routes routes;
  SECTION("deleted") {
    CHECK_FALSE(routes.route(end_of("", 3)));
    routes.forget(web);
  }
  SECTION("no longer watched") {
    CHECK_FALSE(routes.route(end_of("", 3)));
    routes.unwatch(web);
  }
  CHECK_FALSE(routes.watch(web, who.of(who.one)));
}

} // namespace gantry::test
