#include "tests/actors/pod_stage.hpp"

namespace gantry::test {

TEST_CASE("pod's container: it has what its pod decides") {
  pod_stage s;
  auto pod = s.run().value().name;
  auto name = s.create(pod).value().name;
  auto record = s.row(name);
  CHECK(record.name.ns == pods_namespace);
  CHECK(record.sandbox == pod);
  CHECK(record.monitor == s.view(pod).monitor);
  CHECK(record.display_name == "k8s_c_web_default_uid-web_0_0");
  CHECK(record.log_path == "/var/log/pods/web/c/0.log");
  CHECK(record.options.log.driver == "cri");
  CHECK(record.options.hostname == "web");
  CHECK(record.options.cgroup_parent == "/gantry/k8s/" + pod.id);
  REQUIRE(s.start(name).ok());
  REQUIRE(s.play.started.size() == 1);
  for (const auto* path : {"/proc/7/fd/9", "/proc/7/fd/10", "/proc/7/fd/11"})
    CHECK_THAT(s.play.started[0].config_json, Catch::Contains(path));
  CHECK(s.play.started[0].shm == "/proc/7/fd/13");
  CHECK_THAT(s.play.started[0].config_json, Catch::Contains("/gantry/k8s/" + pod.id + "/" + name.id));
  CHECK(s.play.started[0].log.path == "/var/log/pods/web/c/0.log");
}

TEST_CASE("pod's containers: their namespace is theirs, apart from docker's") {
  pod_stage s;
  auto pod = s.run().value().name;
  (void)s.create(pod, "a").value();
  (void)s.create(pod, "b").value();
  CHECK(s.on.ask<container_table_ptr>(s.parts->catalog, list_containers{pods_namespace}).value()->rows.size() == 2);
  CHECK(s.table()->rows.empty());
}

TEST_CASE("pod's container: a retry joins its creation, and gets the one that is there") {
  pod_stage s;
  auto pod = s.run().value().name;
  s.play.held.insert("images.use_image");
  auto first = s.create(pod), second = s.create(pod);
  s.release("images.use_image");
  CHECK(first.value().name == second.value().name);
  CHECK(s.create(pod).value().name == first.value().name);
  CHECK(s.create(pod, "c", 1).value().name != first.value().name);
  CHECK(s.play.count("metadata.new_container") == 2);
}

TEST_CASE("pod's container: a creation that fails leaves nothing in the pod") {
  pod_stage s;
  auto pod = s.run().value().name;
  s.play.fail("images.use_image");
  CHECK(s.create(pod).why().message == "images.use_image failed");
  s.play.failures.clear();
  CHECK(s.create(pod).ok());
  CHECK(s.view(pod).now == pod_phase::ready);
}

TEST_CASE("pod's container: its end and its removal leave the pod alone") {
  pod_stage s;
  auto pod = s.run().value().name;
  auto name = s.create(pod).value().name;
  REQUIRE(s.start(name).ok());
  auto found = s.look(name);
  s.on.say(found.container, container_process_exited{"", 3, false, false, 99});
  CHECK(s.row(name).state.exit_code == 3);
  CHECK(s.row(name).state.now == phase::exited);
  CHECK(s.on.ask<done>(found.container, remove_container{}).ok());
  CHECK_FALSE(s.play.asked("pod_network.detach_pod"));
  CHECK(s.view(pod).now == pod_phase::ready);
  CHECK(s.create(pod).value().name != name); // a new one, of the same name and attempt
}

TEST_CASE("pod's container: a pod that is not ready has none created or started in it") {
  pod_stage s;
  auto pod = s.run().value().name;
  auto name = s.create(pod).value().name;
  REQUIRE(s.stop(pod).ok());
  CHECK(s.start(name).why().code == errc::failed_precondition);
  CHECK(s.create(pod, "other").why().code == errc::failed_precondition);
  CHECK(s.create({pods_namespace, "beef"}).why().code == errc::not_found);
}

TEST_CASE("pod's container: it may not have more than its pod") {
  pod_stage s;
  auto pod = s.run().value().name;
  auto options = pod_stage::container_of(pod, "c");
  options.privileged = true;
  CHECK(s.create(options).why().code == errc::invalid_argument);
  options.privileged = false;
  options.in_pod.log_path = "../../etc/passwd";
  CHECK(s.create(options).why().code == errc::invalid_argument);
  options.in_pod.log_path.clear();
  CHECK(s.row(s.create(options).value().name).options.log.driver == "none");
}

TEST_CASE("pod's container: it shares the processes of the one it names, while that runs") {
  pod_stage s;
  auto pod = s.run().value().name;
  auto target = s.create(pod, "app").value().name;
  auto options = pod_stage::container_of(pod, "debugger");
  options.in_pod.pid = namespace_mode::target;
  options.in_pod.pid_target = target.id;
  auto debugger = s.create(options).value().name;
  CHECK(s.start(debugger).why().code == errc::failed_precondition);
  REQUIRE(s.start(target).ok());
  REQUIRE(s.start(debugger).ok());
  CHECK_THAT(s.play.started.back().config_json,
             Catch::Contains("/proc/" + std::to_string(s.row(target).state.pid) + "/ns/pid"));
}

TEST_CASE("pod's container: POD means what the pod has: its PID namespace, or one for each container") {
  pod_stage s;
  auto alone = s.run("alone").value().name;
  auto options = pod_stage::options_of("web");
  options.pid = namespace_mode::pod;
  auto shared = s.run(options).value().name;
  auto document_in = [&](const key& pod) {
    auto wanted = pod_stage::container_of(pod, "c");
    wanted.in_pod.pid = namespace_mode::pod;
    REQUIRE(s.start(s.create(wanted).value().name).ok());
    return s.play.started.back().config_json;
  };
  CHECK_THAT(document_in(alone), !Catch::Contains("/proc/7/fd/12") && Catch::Contains(R"({"type":"pid"})"));
  CHECK_THAT(document_in(shared), Catch::Contains("/proc/7/fd/12"));
}

TEST_CASE("pod's container: its pod's removal waits for its creation") {
  pod_stage s;
  auto pod = s.run().value().name;
  s.play.held.insert("images.use_image");
  auto creating = s.create(pod);
  auto removing = s.remove(pod);
  CHECK_FALSE(removing.here());
  s.release("images.use_image");
  CHECK(creating.ok());
  CHECK(removing.ok());
  CHECK(s.on.ask<container_table_ptr>(s.parts->catalog, list_containers{pods_namespace}).value()->rows.empty());
}

} // namespace gantry::test
