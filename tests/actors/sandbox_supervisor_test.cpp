#include <unistd.h>

#include "tests/actors/sandbox_stage.hpp"

namespace gantry::test {

using namespace std::chrono_literals;

TEST_CASE("sandbox: the network is recorded, then attached, then the container launched") {
  sandbox_stage s("bridge");
  CHECK(s.start().ok());
  CHECK(s.play.in_order("launcher.make_network_namespace", "metadata.put_sandbox"));
  CHECK(s.play.in_order("metadata.put_sandbox", "network.attach_network"));
  CHECK(s.play.in_order("network.attach_network", "container.launch_container"));
  REQUIRE(s.launched.size() == 1);
  CHECK(s.launched[0].network == "/proc/7/fd/9");
  CHECK(s.launched[0].endpoints.at(0).ip == "172.29.0.2");
}

TEST_CASE("sandbox: host and none attach nothing and have no namespace made") {
  sandbox_stage host("host"), none("none");
  CHECK(host.start().ok());
  CHECK(none.start().ok());
  CHECK_FALSE(host.play.asked("launcher.make_network_namespace"));
  CHECK_FALSE(none.play.asked("launcher.make_network_namespace"));
  CHECK_FALSE(none.play.asked("network.attach_network"));
  CHECK(host.launched[0].network.empty());
  CHECK(none.launched[0].network.empty());
}

TEST_CASE("sandbox: the network is detached when its container has stopped, and attached anew at the next start") {
  sandbox_stage s("bridge");
  (void)s.start();
  s.stopped();
  CHECK(s.play.count("network.detach_network") == 1);
  CHECK(s.play.in_order("network.detach_network", "launcher.drop_network_namespace"));
  CHECK_FALSE(s.record().endpoints.at(0).attached);
  CHECK(s.start().ok());
  CHECK(s.play.count("network.attach_network") == 2);
}

TEST_CASE("sandbox: an attachment that fails is undone, and its error is the start's") {
  sandbox_stage s("bridge");
  s.play.fail("network.attach_network");
  CHECK(s.start().why().message == "network.attach_network failed");
  CHECK(s.launched.empty());
  CHECK(s.play.asked("launcher.drop_network_namespace"));
  CHECK_FALSE(s.record().endpoints.at(0).attached);
  s.play.failures.clear();
  CHECK(s.start().ok());
}

TEST_CASE("sandbox: a container that is to go at its end goes too when its namespaces cannot be made") {
  sandbox_stage s("bridge", false);
  s.request.options.auto_remove = GENERATE(false, true);
  (void)s.on.ask<done>(s.sandbox, s.request);
  s.play.fail("network.attach_network");
  CHECK_FALSE(s.start().ok());
  CHECK(s.play.asked("container.remove_container") == s.request.options.auto_remove);
}

TEST_CASE("sandbox: a detachment that fails stays on record, for the next time") {
  sandbox_stage s("bridge");
  (void)s.start();
  s.play.fail("network.detach_network");
  s.stopped();
  CHECK(s.record().endpoints.at(0).attached);
}

TEST_CASE("sandbox: a start that comes while the network goes waits for that") {
  sandbox_stage s("bridge");
  (void)s.start();
  s.play.held.insert("network.detach_network");
  s.stopped();
  auto again = s.start();
  CHECK_FALSE(again.here());
  CHECK(s.launched.size() == 1);
  s.release("network.detach_network");
  CHECK(again.ok());
  CHECK(s.play.count("network.attach_network") == 2);
}

TEST_CASE("sandbox: a restart keeps the network, and waits for its back-off") {
  sandbox_stage s("bridge");
  (void)s.start();
  s.on.say(s.sandbox, restart_container_later{500ms});
  s.on.advance(400ms);
  CHECK(s.launched.size() == 1);
  s.on.advance(200ms);
  CHECK(s.launched.size() == 2);
  CHECK(s.play.count("network.attach_network") == 1);
}

TEST_CASE("sandbox: a stop during the back-off makes the restart void") {
  sandbox_stage s("none");
  (void)s.start();
  s.on.say(s.sandbox, restart_container_later{500ms});
  s.stopped();
  s.on.advance(1s);
  CHECK(s.launched.size() == 1);
}

TEST_CASE("sandbox: container:X joins the namespaces of a container that runs") {
  sandbox_stage s("container:other", false);
  s.request.options.ipc_mode = s.request.options.pid_mode = "container:other";
  (void)s.on.ask<done>(s.sandbox, s.request);
  s.neighbour(42, "host");
  CHECK(s.start().ok());
  CHECK(s.launched[0].network == "/proc/42/ns/net");
  CHECK(s.launched[0].ipc == "/proc/42/ns/ipc");
  CHECK(s.launched[0].pid == "/proc/42/ns/pid");
  CHECK(s.play.in_order("container.join_namespaces", "container.launch_container"));
  CHECK_FALSE(s.play.asked("launcher.make_network_namespace"));
}

TEST_CASE("sandbox: a shareable IPC namespace is the monitor's, with its /dev/shm, until the stop") {
  sandbox_stage s("none", false);
  s.request.options.ipc_mode = "shareable";
  (void)s.on.ask<done>(s.sandbox, s.request);
  CHECK(s.start().ok());
  CHECK(s.launched[0].ipc == "/proc/7/fd/10");
  CHECK(s.launched[0].shm == "/proc/7/fd/13");
  s.on.say(s.sandbox, restart_container_later{500ms}); // a new life, an empty /dev/shm
  s.on.advance(600ms);
  CHECK(s.launched.size() == 2);
  CHECK(s.play.count("launcher.make_pod_namespaces") == 2);
  CHECK(s.play.count("launcher.drop_pod_namespaces") == 1);
  s.stopped();
  CHECK(s.play.count("launcher.drop_pod_namespaces") == 2);
  s.play.fail("launcher.make_pod_namespaces");
  CHECK_FALSE(s.start().ok());
}

TEST_CASE("sandbox: ipc container:X is for those alone that share theirs") {
  sandbox_stage s("none", false);
  s.request.options.ipc_mode = "container:other";
  (void)s.on.ask<done>(s.sandbox, s.request);
  const auto own = ::getpid();
  const auto path = "/proc/" + std::to_string(own) + "/ns/ipc";
  s.play.shared_ipc = "/proc/self/ns/ipc";
  SECTION("shareable") {
    s.neighbour(own, "shareable");
    CHECK(s.start().ok());
    CHECK(s.launched[0].ipc == path);
    CHECK(s.launched[0].shm == "/proc/7/fd/13");
  }
  SECTION("a third's, by way of another") {
    s.neighbour(own, "container:third");
    s.neighbour(own, "shareable", 'e');
    CHECK(s.start().ok());
    CHECK(s.launched[0].shm == "/proc/7/fd/13");
  }
  SECTION("the host's") {
    s.neighbour(own, "host");
    CHECK(s.start().ok());
    CHECK(s.launched[0].ipc == path);
    CHECK(s.launched[0].host_shm);
  }
  SECTION("a private one, or none") {
    s.neighbour(own, GENERATE("private", "", "none"));
    CHECK_THAT(s.start().why().message, contains("non-shareable IPC (hint: use IpcMode:shareable"));
    CHECK(s.launched.empty());
  }
  SECTION("one whose monitor died: another one tells of a new namespace") {
    s.play.shared_ipc = "/proc/self/ns/net";
    s.neighbour(own, "shareable");
    CHECK_THAT(s.start().why().message, contains("restart that container"));
  }
}

TEST_CASE("sandbox: container:X of one that has ended meanwhile refuses the start") {
  sandbox_stage s("container:other");
  s.neighbour(42);
  s.play.fail("container.join_namespaces");
  CHECK_FALSE(s.start().ok());
  CHECK(s.launched.empty());
}

TEST_CASE("sandbox: container:X of one that does not run, or is not there, refuses the start") {
  sandbox_stage s("container:other");
  auto code = errc::not_found;
  SECTION("not running") {
    s.neighbour(0);
    code = errc::failed_precondition;
  }
  SECTION("not there") {}
  CHECK(s.start().why().code == code);
  CHECK(s.launched.empty());
}

TEST_CASE("sandbox: removal detaches and ends the actor") {
  sandbox_stage s("bridge");
  (void)s.start();
  CHECK(s.on.ask<done>(s.sandbox, remove_sandbox{}).ok());
  CHECK(s.play.count("network.detach_network") == 1);
  CHECK(s.start().why().code == errc::unavailable);
}

TEST_CASE("sandbox: found again with its container running, it keeps its network until the stop") {
  sandbox_stage s("bridge", false);
  s.request.record.endpoints = {attached("172.29.0.9")};
  CHECK(s.on.ask<done>(s.sandbox, recover_sandbox{s.request, 42}).ok());
  CHECK(s.play.asked("network.recover_endpoint"));
  CHECK_FALSE(s.play.asked("network.detach_network"));
  s.stopped();
  CHECK(s.play.asked("network.detach_network"));
}

TEST_CASE("sandbox: found again without its container, what a crash left of its network is detached") {
  sandbox_stage s("bridge", false);
  s.request.record.endpoints = {attached("")};
  CHECK(s.on.ask<done>(s.sandbox, recover_sandbox{s.request, 0}).ok());
  CHECK(s.play.count("network.detach_network") == 1);
  CHECK(s.start().ok());
  CHECK(s.play.count("network.attach_network") == 1);
}

} // namespace gantry::test
