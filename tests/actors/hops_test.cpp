#include "tests/actors/whole_engine.hpp"

// "At most six mailbox hops in sequence for one API call" (a hop: stage.hpp). Every call of a door that names a
// container first asks the catalog for it: that hop is counted here, too.

namespace gantry::test {
namespace {

constexpr std::size_t most = 6;

} // namespace

TEST_CASE("hops: create, start on the host's network, stop and remove each take at most six in sequence") {
  whole_engine e;
  auto created_in = e.create().hops();
  auto started_in = e.hops_of<done>(start_container{"client"});
  auto stopped_in = e.hops_of<done>(stop_container{});
  auto removed_in = e.hops_of<done>(remove_container{});
  CAPTURE(created_in, started_in, stopped_in, removed_in);
  CHECK(created_in <= most);
  CHECK(started_in <= most);
  CHECK(stopped_in <= most);
  CHECK(removed_in <= most);
  // A count that counts nothing would pass, too.
  CHECK(created_in >= 4);
  CHECK(started_in >= 4);
}

TEST_CASE("hops: lists and inspect are one, whatever the number of containers and whatever they do") {
  whole_engine e;
  (void)e.create().value();
  e.play.held.insert("launcher.start_container"); // one that hangs
  (void)e.on.ask<done>(e.look().value().sandbox, start_container{"client"});
  CHECK(e.on.ask<container_table_ptr>(e.parts->catalog, list_containers{docker_namespace}).hops() == 1);
  CHECK(e.look().hops() == 1);
  CHECK(e.on.ask<image_list>(e.parts->images, list_images{docker_namespace}).hops() == 1);
}

TEST_CASE("hops: kill, pause, wait and exec") {
  whole_engine e;
  (void)e.create().value();
  (void)e.hops_of<done>(start_container{"client"});
  CHECK(e.hops_of<done>(pause_container{}) <= most);
  CHECK(e.hops_of<done>(unpause_container{}) <= most);
  exec_options options;
  options.args = {"/bin/true"};
  auto session = e.on.ask<exec_session>(e.look().value().container, create_exec{options}).value();
  CHECK(e.hops_of<stream_ticket>(start_exec{session.id, false, {}}) <= most);
  CHECK(e.hops_of<done>(kill_container{"KILL"}) <= most);
  CHECK(e.hops_of<exit_report>(wait_container{}) == 2);
}

} // namespace gantry::test
