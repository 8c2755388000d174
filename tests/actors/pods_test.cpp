#include "actors/pod_options.hpp"
#include "tests/actors/pod_stage.hpp"

namespace gantry::test {

TEST_CASE("pod: it is recorded before anything is made, and ready when its network is") {
  pod_stage s;
  auto pod = s.run().value().name;
  CHECK(s.play.in_order("metadata.new_pod", "launcher.make_pod_namespaces"));
  CHECK(s.play.in_order("launcher.make_pod_namespaces", "pod_network.attach_pod"));
  CHECK(std::get<store::put_pod>(s.play.recorded.front().changes.front()).record.attached);
  auto record = s.view(pod);
  CHECK(record.now == pod_phase::ready);
  CHECK(record.addresses == std::vector<std::string>{"10.1.0.2", "fd00::2"});
  CHECK(record.network_namespace == "/proc/7/fd/9");
  CHECK(s.written(pod)->now == pod_phase::ready);
  CHECK(s.written(pod)->cni_result == "{r}");
  CHECK(s.written(pod)->cni_network == "{n}");
  CHECK(s.list().size() == 1);
  CHECK(s.has_free_slot(work_kind::creation));
}

TEST_CASE("pod: on the node's network nothing is attached") {
  pod_stage s;
  auto options = pod_stage::options_of("web");
  options.network = namespace_mode::node;
  auto pod = s.run(options).value().name;
  CHECK_FALSE(s.play.asked("pod_network.attach_pod"));
  CHECK(s.view(pod).addresses.empty());
  CHECK(s.stop(pod).ok());
  CHECK_FALSE(s.play.asked("pod_network.detach_pod"));
}

TEST_CASE("pod: its hostname and sysctls are set once, in its namespaces") {
  pod_stage s;
  auto options = pod_stage::options_of("web");
  options.sysctls = {{"net.core.somaxconn", "9"}};
  auto pod = s.run(options).value().name;
  auto wanted = pod::namespaces_of(*s.config, s.view(pod)).value();
  CHECK(wanted.hostname == "web");
  CHECK(wanted.sysctls.size() == 1);
  CHECK(wanted.cgroup == "/gantry/k8s/" + pod.id + "/pause");
  CHECK_FALSE(wanted.pid);
  CHECK(s.row(s.create(pod).value().name).options.sysctls.empty());
  options.network = options.ipc = namespace_mode::node;
  options.metadata.name = "bare";
  CHECK_FALSE(pod::namespaces_of(*s.config, s.view(s.run(options).value().name)));
  CHECK(s.play.count("launcher.make_pod_namespaces") == 1);
}

TEST_CASE("pod: users of its own are a namespace of its monitor's, to which the others belong") {
  pod_stage s;
  auto options = pod_stage::options_of("web");
  options.uid_map = {{0, 100000, 65536}}, options.gid_map = {{0, 200000, 65536}};
  auto pod = s.run(options).value().name;
  auto wanted = pod::namespaces_of(*s.config, s.view(pod)).value();
  REQUIRE(wanted.uids.size() == 1);
  CHECK(wanted.uids[0].outside == 100000);
  CHECK(wanted.gids.at(0).outside == 200000);
  CHECK(s.written(pod)->options.uid_map == options.uid_map);
  auto made = s.create(pod).value().name;
  CHECK(s.row(made).options.in_pod.gid_map == options.gid_map);
  CHECK(s.start(made).ok());
  const auto& start = s.play.started.at(0);
  CHECK(start.users.path == "/proc/7/fd/14");
  CHECK(start.users.root_uid == 100000);
  CHECK(start.users.root_gid == 200000);
  CHECK_THAT(start.config_json, contains(R"({"type":"user","path":"/proc/7/fd/14"})"));
  CHECK_THAT(start.config_json, contains(R"("gidMappings":[{"containerID":0,"hostID":200000,"size":65536}])"));
}

namespace {

pod_users ask_users(pod_stage& s) { return s.on.ask<pod_users>(s.all, ask_pod_users{}).value(); }

} // namespace

TEST_CASE("pod: runtimes are asked once whether they can join users; the native launcher can where the host can") {
  pod_stage s;
  s.config->runtimes = {
      {"runc", "/usr/sbin/runc"}, {"old", "/usr/bin/old"}, {"odd", "/odd"}, {"native", "/usr/sbin/runc"}};
  s.config->facts.kernel = {6, 3};
  s.play.program = [](const monitor::run_process& request) {
    CHECK(request.argv.at(1) == "features");
    if (request.argv[0] == "/usr/bin/old") return monitor::process_result{1, "", "unknown command features"};
    if (request.argv[0] == "/odd") return monitor::process_result{0, R"({"linux":{"namespaces":["pid"]}})", ""};
    return monitor::process_result{0, R"({"linux":{"namespaces":["pid","user"]}})", ""};
  };
  const auto can = ask_users(s);
  if (!can.why_not.empty()) { // the file system of the test's folder
    CHECK_THAT(can.why_not, contains("map IDs"));
    CHECK(can.runtimes.empty());
    return;
  }
  CHECK(can.runtimes == std::set<std::string>{"native", "runc"});
  CHECK(ask_users(s).runtimes == can.runtimes);
  CHECK(s.play.count("launcher.run_process") == 3);
}

TEST_CASE("pod: an old kernel has no runtime that can, and says why") {
  pod_stage s;
  s.config->facts.kernel = {6, 1};
  const auto can = ask_users(s);
  CHECK(can.runtimes.empty());
  CHECK_THAT(can.why_not, contains("Linux 6.3"));
  CHECK_FALSE(s.play.asked("launcher.run_process"));
}

TEST_CASE("pod: a retry joins the one being made, and gets the one that is ready") {
  pod_stage s;
  s.play.held.insert("pod_network.attach_pod");
  auto first = s.run(), second = s.run();
  CHECK_FALSE(first.here());
  s.release("pod_network.attach_pod");
  CHECK(first.value().name == second.value().name);
  CHECK(s.run().value().name == first.value().name);
  CHECK(s.play.count("metadata.new_pod") == 1);
  CHECK(s.run("other").value().name != first.value().name);
}

TEST_CASE("pod: a making that fails leaves nothing, and tells all who waited") {
  pod_stage s;
  s.play.held.insert("pod_network.attach_pod");
  s.play.fail("pod_network.attach_pod");
  auto first = s.run(), second = s.run();
  s.release("pod_network.attach_pod");
  CHECK(first.why().message == "pod_network.attach_pod failed");
  CHECK(second.why().message == "pod_network.attach_pod failed");
  CHECK(s.play.in_order("pod_network.detach_pod", "launcher.drop_pod_namespaces"));
  CHECK(s.play.in_order("launcher.drop_pod_namespaces", "metadata.erase_pod"));
  CHECK(s.list().empty());
  CHECK(s.has_free_slot(work_kind::creation));
  s.play.failures.clear();
  CHECK(s.run().ok());
}

TEST_CASE("pod: what cannot be undone after a failure stays, not ready, and goes with its removal") {
  pod_stage s;
  s.play.fail("pod_network.attach_pod");
  s.play.fail("pod_network.detach_pod");
  CHECK(s.run().why().message == "pod_network.attach_pod failed");
  REQUIRE(s.list().size() == 1);
  auto pod = s.list().front()->name;
  CHECK(s.view(pod).now == pod_phase::not_ready);
  CHECK_FALSE(s.play.asked("launcher.drop_pod_namespaces"));
  CHECK(s.run().why().code == errc::already_exists);
  CHECK_FALSE(s.remove(pod).ok());
  s.play.failures.clear();
  CHECK(s.remove(pod).ok());
  CHECK(s.list().empty());
  CHECK(s.run().ok());
}

TEST_CASE("pod: a storm is refused by admission, with nothing left") {
  pod_stage s;
  auto holder = s.on.spawn([](caf::event_based_actor*) -> caf::behavior { return {[](int) {}}; });
  (void)s.on.ask<slot>(s.parts->admission, acquire_slot{work_kind::creation, "other", holder.address()});
  std::vector<answer<pod_running>> waiting;
  for (int n = 0; n < 9; ++n) waiting.push_back(s.run("pod" + std::to_string(n)));
  CHECK(waiting.back().why().code == errc::exhausted);
  CHECK(s.list().size() == 8);
  s.on.crash(holder);
  for (int n = 0; n < 8; ++n) CHECK(waiting[static_cast<std::size_t>(n)].ok());
}

TEST_CASE("pod: its stop ends its containers by force, undoes its network, then its namespaces; and is idempotent") {
  pod_stage s;
  auto pod = s.run().value().name;
  auto container = s.create(pod).value().name;
  REQUIRE(s.start(container).ok());
  CHECK(s.stop(pod).ok());
  CHECK(s.row(container).state.now == phase::exited);
  CHECK(s.play.in_order("launcher.signal_process", "pod_network.detach_pod"));
  CHECK(s.play.in_order("pod_network.detach_pod", "launcher.drop_pod_namespaces"));
  CHECK(s.play.detached.back().cni_network == "{n}");
  CHECK(s.play.detached.back().network_namespace == "/proc/7/fd/9");
  auto record = s.view(pod);
  CHECK(record.now == pod_phase::not_ready);
  CHECK(record.addresses.empty());
  CHECK(s.stop(pod).ok());
  CHECK(s.play.count("pod_network.detach_pod") == 1);
  CHECK(s.on.ask<done>(s.all, stop_pod{pods_namespace, "beef"}).ok());
}

TEST_CASE("pod: a stop whose CNI DEL fails says so, and its retry tries again") {
  pod_stage s;
  auto pod = s.run().value().name;
  s.play.fail("pod_network.detach_pod");
  CHECK_THAT(s.stop(pod).why().message, Catch::Contains("pod_network.detach_pod failed"));
  CHECK(s.view(pod).now == pod_phase::not_ready);
  CHECK(s.written(pod)->attached);
  s.play.failures.clear();
  CHECK(s.stop(pod).ok());
  CHECK_FALSE(s.written(pod)->attached);
}

TEST_CASE("pod: its removal stops it, removes its containers, its record and its cgroup; retries are done too") {
  pod_stage s;
  auto pod = s.run().value().name;
  auto container = s.create(pod).value().name;
  REQUIRE(s.start(container).ok());
  auto first = s.on.ask_later<done>(s.all, remove_pod{pod.ns, pod.id});
  auto second = s.on.ask_later<done>(s.all, remove_pod{pod.ns, pod.id});
  s.on.run();
  CHECK(first.ok());
  CHECK(second.ok());
  CHECK(s.remove(pod).ok());
  CHECK(s.list().empty());
  CHECK(s.on.ask<container_table_ptr>(s.parts->catalog, list_containers{pods_namespace}).value()->rows.empty());
  CHECK(s.play.in_order("metadata.erase_container", "metadata.erase_pod"));
  CHECK(s.play.asked("cgroups.remove /gantry/k8s/" + pod.id));
  CHECK_FALSE(s.written(pod));
  CHECK_FALSE(s.on.ask<pod_view>(s.all, find_pod{pod.ns, pod.id}).ok());
  CHECK(s.run().value().name != pod);
}

TEST_CASE("pod: it is found by a prefix of its id that only one has") {
  pod_stage s;
  auto pod = s.run().value().name;
  CHECK(s.on.ask<pod_view>(s.all, find_pod{pod.ns, pod.id.substr(0, 13)}).value()->name == pod);
  CHECK(s.on.ask<pod_view>(s.all, find_pod{docker_namespace, pod.id}).why().code == errc::not_found);
  CHECK(s.on.ask<pod_view>(s.all, find_pod{pod.ns, ""}).why().code == errc::not_found);
}

TEST_CASE("pod: its limits are its cgroup's, from the start and when they change") {
  pod_stage s;
  auto options = pod_stage::options_of("web");
  options.resources.memory = 64 << 20;
  options.cgroup_parent = "/kubepods/burstable";
  auto pod = s.run(options).value().name;
  auto path = "cgroups.make /kubepods/burstable/" + pod.id;
  CHECK(s.play.count(path) == 1);
  resource_limits more;
  more.memory = 128 << 20;
  CHECK(s.on.ask<done>(s.all, update_pod{pod.ns, pod.id, more}).ok());
  CHECK(s.play.count(path) == 2);
  CHECK(s.written(pod)->options.resources == more);
  CHECK(s.on.ask<done>(s.all, update_pod{pod.ns, "beef", more}).why().code == errc::not_found);
}

TEST_CASE("pod: with its monitor go its namespaces: it is not ready any more") {
  pod_stage s;
  auto pod = s.run().value().name;
  s.on.say(s.parts->launchers.front(), monitor_lost{"it died"});
  CHECK(s.view(pod).now == pod_phase::not_ready);
  CHECK(s.create(pod).why().code == errc::failed_precondition);
  CHECK(s.remove(pod).ok());
  CHECK(s.play.detached.back().network_namespace.empty());
}

} // namespace gantry::test
