#include "tests/actors/pod_stage.hpp"

namespace gantry::test {
namespace {

pod_record record_of(char digit, pod_phase now) {
  pod_record record;
  record.name = {pods_namespace, std::string(64, digit)};
  record.options = pod_stage::options_of(std::string("pod") + digit);
  record.now = now;
  record.attached = true;
  record.network_namespace = "/proc/7/fd/9";
  if (now == pod_phase::ready) record.addresses = {"10.1.0.9"};
  return record;
}

container_record container_in(const pod_record& pod, char digit) {
  container_record record;
  record.name = {pods_namespace, std::string(64, digit)};
  record.display_name = std::string("c") + digit;
  record.sandbox = pod.name;
  record.options = pod_stage::container_of(pod.name, "c");
  record.state.now = phase::running;
  record.state.pid = 4321;
  return record;
}

monitor::container_entry running(const key& name) { return {name, 77, 7, false, 0, false, 3, 0}; }

} // namespace

TEST_CASE("pods are found again: ready while their monitor holds their namespaces") {
  pod_stage s;
  auto held = record_of('1', pod_phase::ready), lost = record_of('2', pod_phase::ready);
  auto container = container_in(held, 'a');
  recover_pods found{{held, lost}, {{container, running(container.name)}}, {held.name}};
  CHECK(s.on.ask<done>(s.all, found).ok());
  CHECK(s.view(held.name).now == pod_phase::ready);
  CHECK(s.view(lost.name).now == pod_phase::not_ready);
  CHECK(s.written(lost.name)->network_namespace.empty());
  CHECK(s.row(container.name).state.pid == 77);
  CHECK(s.run(held.options).value().name == held.name);
  CHECK(s.create(held.name).value().name == container.name);
  CHECK(s.create(held.name, "c", 1).ok());
  CHECK(s.remove(held.name).ok());
  CHECK(s.remove(lost.name).ok());
  CHECK(s.list().empty());
  CHECK(s.play.count("pod_network.detach_pod") == 2);
}

TEST_CASE("a pod that was being made is undone; the retry of the same call makes another") {
  pod_stage s;
  auto half = record_of('1', pod_phase::starting);
  CHECK(s.on.ask<done>(s.all, recover_pods{{half}, {}, {half.name}}).ok());
  CHECK(s.play.in_order("pod_network.detach_pod", "launcher.drop_pod_namespaces"));
  CHECK(s.play.in_order("launcher.drop_pod_namespaces", "metadata.erase_pod"));
  CHECK(s.list().empty());
  CHECK(s.run(half.options).value().name != half.name);
}

TEST_CASE("a pod that was being stopped or removed goes on with that when it is asked again") {
  pod_stage s;
  auto half = record_of('1', pod_phase::not_ready);
  auto container = container_in(half, 'a');
  recover_pods found{{half}, {{container, running(container.name)}}, {half.name}};
  CHECK(s.on.ask<done>(s.all, found).ok());
  CHECK(s.view(half.name).now == pod_phase::not_ready);
  CHECK(s.stop(half.name).ok());
  CHECK(s.row(container.name).state.now == phase::exited);
  CHECK(s.play.detached.back().network_namespace == "/proc/7/fd/9");
  CHECK(s.remove(half.name).ok());
}

TEST_CASE("a pod's supervisor that crashes is made anew on the truth, its containers' too") {
  pod_stage s;
  auto pod = s.run().value().name;
  auto name = s.create(pod).value().name;
  REQUIRE(s.start(name).ok());
  s.play.held_pods = {pod};
  s.play.entries = {running(name)};
  auto before = s.look(name);
  s.on.crash(before.sandbox);
  auto after = s.look(name);
  CHECK(after.sandbox != before.sandbox);
  CHECK(after.container != before.container);
  CHECK(s.row(name).state.now == phase::running);
  CHECK(s.row(name).state.pid == 77);
  CHECK(s.view(pod).now == pod_phase::ready);
  CHECK(s.remove(pod).ok());
  CHECK(s.list().empty());
}

TEST_CASE("a pod's container whose supervisor crashes is made anew; the pod does not notice") {
  pod_stage s;
  auto pod = s.run().value().name;
  auto name = s.create(pod).value().name, other = s.create(pod, "other").value().name;
  REQUIRE(s.start(name).ok());
  s.play.entries = {running(name)};
  s.on.crash(s.look(name).container);
  CHECK(s.row(name).state.pid == 77);
  CHECK(s.create(pod).value().name == name);
  CHECK(s.start(other).ok());
  CHECK(s.stop(pod).ok());
  CHECK(s.row(name).state.now == phase::exited);
}

} // namespace gantry::test
