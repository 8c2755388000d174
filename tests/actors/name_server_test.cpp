#include "actors/name_server.hpp"

#include <unistd.h>

#include "runtime/sys/files.hpp"
#include "tests/actors/cast.hpp"

// What the program itself does with its files: tests/e2e/test_user_networks.py.

namespace gantry::test {
namespace {

struct names_stage : cast {
  std::vector<std::vector<std::string>> started;
  network::names_place where{"/usr/lib/podman/aardvark-dns", folder.path() + "/names"};

  names_stage() {
    play.program = [this](const monitor::run_process& request) {
      started.push_back(request.argv);
      return monitor::process_result{1, "", "no"};
    };
  }
  answer<done> publish(const std::vector<named_endpoint>& known) {
    auto server = on.spawn(name_server, where, parts->launchers.front());
    return on.ask<done>(server, publish_names{"n1", "10.1.0.1", known});
  }
};

} // namespace

TEST_CASE("names: the file is there before the program is started, and its failure is told in its own words") {
  names_stage s;
  auto told = s.publish({{"c1", {"10.1.0.2"}, {"web"}, {}}});
  CHECK(told.why().message == "aardvark-dns ended with 1: no");
  CHECK(sys::read_file(s.where.folder + "/n1").value() == "10.1.0.1\nc1 10.1.0.2  web\n");
  REQUIRE(s.started.size() == 1);
  CHECK(s.started[0] == std::vector<std::string>{s.where.program, "--config", s.where.folder, "--port", "53", "run"});
}

TEST_CASE("names: where the program is not installed, it is said what to install") {
  names_stage s;
  s.where.program.clear();
  CHECK_THAT(s.publish({{"c1", {"10.1.0.2"}, {"web"}, {}}}).why().message, contains("apt-get install aardvark-dns"));
}

TEST_CASE("names: of a network without containers there is no file, and nothing is started for it") {
  names_stage s;
  CHECK(s.publish({}).ok());
  CHECK_FALSE(sys::read_file(s.where.folder + "/n1"));
  CHECK(s.started.empty());
}

TEST_CASE("names: what an earlier engine left of networks that nobody published goes") {
  names_stage s;
  REQUIRE(sys::make_directories(s.where.folder, 0700));
  REQUIRE(sys::write_file(s.where.folder + "/old", "10.2.0.1\n"));
  // A pid that is another's, as after a crash: nobody is signalled.
  REQUIRE(sys::write_file(s.where.folder + "/aardvark.pid", std::to_string(::getpid())));
  auto server = s.on.spawn(name_server, s.where, s.parts->launchers.front());
  s.on.say(server, names_recovered{});
  CHECK_FALSE(sys::read_file(s.where.folder + "/old"));
}

} // namespace gantry::test
