#include "actors/cgroup_paths.hpp"

#include "tests/catch.hpp"

namespace gantry::test {
namespace {

engine_config by(cgroup::driver driver, const std::string& parent) {
  engine_config config;
  config.driver = driver;
  config.cgroup_parent = parent;
  return config;
}

container_record container_in(const std::string& parent) {
  container_record record;
  record.name = {"docker", "0123"};
  record.options.cgroup_parent = parent;
  return record;
}

pod_record pod_in(const std::string& parent) {
  pod_record record;
  record.name = {"k8s", "4567"};
  record.options.cgroup_parent = parent;
  return record;
}

} // namespace

TEST_CASE("cgroup paths: the engine's own folders") {
  const auto config = by(cgroup::driver::cgroupfs, "/gantry");
  CHECK(cgroup_of(config, container_in("")) == "/gantry/docker/0123");
  CHECK(cgroups_path_of(config, container_in("/mine")) == "/mine/docker/0123");
  CHECK(cgroup_of(config, pod_in("")) == "/gantry/k8s/4567");
  CHECK(cgroup_of(config, pod_in("kubepods/pod1/")) == "/kubepods/pod1/4567");
  CHECK(pause_cgroup_of(config, pod_in("")) == "/gantry/k8s/4567/pause");
}

TEST_CASE("cgroup paths: systemd's units") {
  const auto config = by(cgroup::driver::systemd, "gantry.slice");
  CHECK(cgroup_of(config, container_in("")) == "/gantry.slice/gantry-0123.scope");
  CHECK(cgroups_path_of(config, container_in("a-b.slice")) == "a-b.slice:gantry:0123");
  CHECK(cgroup_of(config, container_in("-.slice")) == "/gantry-0123.scope");
  CHECK(cgroup_of(config, pod_in("")) == "/gantry.slice/gantry-4567.slice");
  const auto kubelets = pod_in("/kubepods.slice/kubepods-pod1.slice");
  const std::string own = "/kubepods.slice/kubepods-pod1.slice/kubepods-pod1-4567.slice";
  CHECK(cgroup_of(config, kubelets) == own);
  CHECK(pause_cgroup_of(config, kubelets) == own + "/gantry-4567-pause.scope");
  CHECK(cgroup_of(config, container_in(own)) == own + "/gantry-0123.scope"); // a container of that pod
}

TEST_CASE("cgroup paths: a parent must be of the driver's kind") {
  const auto folders = by(cgroup::driver::cgroupfs, "/gantry"), units = by(cgroup::driver::systemd, "gantry.slice");
  for (const auto& config : {folders, units}) CHECK(check_cgroup_parent(config, ""));
  CHECK(check_cgroup_parent(folders, "/kubepods/pod1"));
  CHECK_FALSE(check_cgroup_parent(folders, "kubepods.slice"));
  CHECK(check_cgroup_parent(units, "/kubepods.slice/kubepods-pod1.slice"));
  CHECK_FALSE(check_cgroup_parent(units, "/kubepods/pod1"));
}

} // namespace gantry::test
