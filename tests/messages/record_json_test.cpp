#include "messages/domain/record_json.hpp"

#include "tests/catch.hpp"

using namespace gantry;

namespace {

digest of(char c) { return digest::parse("sha256:" + std::string(64, c)).value(); }

container_options full_options() {
  container_options o;
  o.image = "alpine";
  o.entrypoint = std::vector<std::string>{};
  o.cmd = {"sh", "-c", "echo \"$0\"\n\xc3\xa9"};
  o.env = {"A=b=c", "B"};
  o.working_dir = "/w", o.user = "0:0", o.hostname = "h", o.domainname = "d";
  o.tty = o.open_stdin = o.stdin_once = o.attach_stdin = o.attach_stdout = o.attach_stderr = true;
  o.labels = {{"l", "1"}, {"", ""}}, o.annotations = {{"a", "2"}};
  o.stop_signal = "SIGINT", o.stop_timeout = 0;
  o.health = healthcheck{{"CMD-SHELL", "x"},          std::chrono::seconds(1), std::chrono::hours(2),
                         std::chrono::nanoseconds(3), std::chrono::seconds(5), 4};
  o.exposed_ports = {"80/tcp"};
  mount_request m;
  m.type = mount_request::kind::tmpfs;
  m.source = "s", m.target = "/t", m.propagation = "rslave", m.tmpfs_size = 1, m.tmpfs_options = "mode=1777";
  m.read_only = m.create_source = m.non_recursive = m.no_copy = m.from_image = m.inherited = true;
  m.labels = {{"k", "v"}}, m.sub_path = "p";
  o.mounts = {m, {}};
  o.resources = {1,
                 2,
                 -1,
                 0,
                 true,
                 1'500'000'000,
                 3,
                 4,
                 5,
                 "0-1",
                 "0",
                 -1,
                 10,
                 {{"/dev/sda", 11}},
                 {{"/dev/sdb", 12}},
                 {{"/dev/sdc", 13}},
                 {{"/dev/sdd", 14}},
                 {{"/dev/sde", 15}},
                 {},
                 {}};
  o.mounts.at(0).uid_map = {{0, 100000, 65536}}, o.mounts.at(0).gid_map = {{0, 200000, 65536}};
  o.in_pod.uid_map = {{0, 300000, 1}}, o.in_pod.gid_map = {{0, 400000, 2}};
  o.volumes_from = {"other:ro"};
  o.console = {24, 80};
  o.cap_add = {"ALL"}, o.cap_drop = {"NET_RAW"};
  o.privileged = o.read_only_rootfs = o.init = o.auto_remove = o.publish_all = true;
  o.security_opt = {"seccomp={\"defaultAction\":\"SCMP_ACT_ALLOW\"}"};
  o.sysctls = {{"net.ipv4.ip_forward", "1"}}, o.shm_size = 1, o.writable_memory = 2 << 20;
  o.restart = {restart_policy::kind::unless_stopped, 5};
  o.log = {"none", 1 << 20, 3, true, 1 << 20, {{"labels", "a"}}};
  o.network_mode = "host", o.pid_mode = "a", o.ipc_mode = "b", o.uts_mode = "c", o.userns_mode = "d",
  o.cgroupns_mode = "e";
  o.extra_hosts = {"x:1.2.3.4"}, o.dns = {"1.1.1.1"}, o.dns_search = {"s"}, o.dns_options = {"o"};
  o.ports = {{80, "udp", "::1", 65535}};
  o.oom_score_adj = -1000, o.group_add = {"g"}, o.runtime = "crun", o.cgroup_parent = "/p";
  o.ulimits = {{"nofile", -1, 9}}, o.devices = {{"/dev/fuse", "/dev/fuse", "rwm"}}, o.device_cgroup_rules = {"c 1:3 r"};
  o.masked_paths = std::vector<std::string>{}, o.readonly_paths = std::vector<std::string>{"/x"};
  o.cdi_devices = {"v.com/c=d"};
  o.mac_address = "02:00:00:00:00:01";
  o.shown = {"default", "local"};
  return o;
}

container_record full_container() {
  container_record r;
  r.name = {"docker", std::string(64, '1')}, r.display_name = "brave", r.sandbox = {"docker", std::string(64, '2')};
  r.options = full_options();
  r.image_id = of('a'), r.image_name = "alpine:latest", r.snapshot = ~0ull, r.layers = {1, ~0ull}, r.monitor = 3;
  r.mounts = {{"bind", "n", "/s", "/t", true, "rprivate", true, true, {"/l"}, of('b'), {7}, "p"}};
  r.mounts[0].uid_map = {{0, 100000, 65536}}, r.mounts[0].gid_map = {{0, 200000, 65536}};
  r.args = {"", "a b"}, r.effective_user = "1:2", r.effective_ids = process_ids{1, 2, {2, 3}},
  r.effective_working_dir = "/", r.effective_env = {"PATH=/bin"};
  r.effective_health = r.options.health;
  r.created_at = 1'700'000'000'123'456'789, r.log_path = "/l";
  r.state = {phase::starting,
             42,
             ~0ull,
             137,
             true,
             "why",
             1,
             -2,
             7,
             true,
             "native",
             health_state{health_status::unhealthy, 3, {{1, 2, -1, "out"}}}};
  return r;
}

} // namespace

// The text holds every field that is not at its default, so equal texts mean equal records; that no field is missing
// in the text is the next test's.
TEST_CASE("a container's record comes back as it was written") {
  auto written = full_container();
  auto text = to_json(written);
  auto read = container_from_json(text);
  REQUIRE(read);
  CHECK(to_json(*read) == text);
  CHECK(read->name == written.name);
  CHECK(read->created_at == written.created_at);
  CHECK(read->snapshot == ~0ull);
  CHECK(read->image_id == written.image_id);
  CHECK(read->options.entrypoint == written.options.entrypoint);
  CHECK(read->options.cmd == written.options.cmd);
  CHECK(read->options.resources == written.options.resources);
  CHECK(read->options.mounts == written.options.mounts);
  CHECK(read->options.in_pod == written.options.in_pod);
  CHECK(read->mounts.at(0).gid_map == written.mounts.at(0).gid_map);
  CHECK(read->options.health == written.options.health);
  CHECK(read->options.restart == written.options.restart);
  CHECK(read->options.log == written.options.log);
  CHECK(read->options.ports == written.options.ports);
  CHECK(read->options.ulimits == written.options.ulimits);
  CHECK(read->options.devices == written.options.devices);
  CHECK(read->options.masked_paths == written.options.masked_paths);
  CHECK(read->options.stop_timeout == 0);
}

TEST_CASE("a container's state comes back as it was written, apart from its record") {
  auto written = full_container();
  auto read = container_state_from_json(to_json(written.state));
  REQUIRE(read);
  CHECK(to_json(*read) == to_json(written.state));
  CHECK(read->now == phase::starting);
  CHECK(read->pid_start_time == ~0ull);
  CHECK(container_from_json(to_json(written))->state.now == phase::created);
  CHECK(container_state_from_json("{}")->now == phase::created);
}

// A field forgotten in record_json_container.cpp leaves no trace there: count what the header has.
TEST_CASE("no field of a container's record is left out of its text") {
  auto text = to_json(full_container()) + to_json(full_container().state);
  for (const auto* name : {"annotations",
                           "attach_stderr",
                           "auto_remove",
                           "blkio_read_bps",
                           "blkio_read_iops",
                           "blkio_weight",
                           "blkio_weight_device",
                           "blkio_write_bps",
                           "blkio_write_iops",
                           "cap_add",
                           "cap_drop",
                           "cdi_devices",
                           "cgroup_parent",
                           "cgroupns_mode",
                           "cpuset_mems",
                           "create_source",
                           "device_cgroup_rules",
                           "devices",
                           "dns_options",
                           "dns_search",
                           "domainname",
                           "effective_env",
                           "effective_health",
                           "effective_ids",
                           "effective_user",
                           "effective_working_dir",
                           "exposed_ports",
                           "extra_hosts",
                           "finished_at",
                           "from_image",
                           "group_add",
                           "health",
                           "failing_streak",
                           "inherited",
                           "init",
                           "ipc_mode",
                           "layer_folders",
                           "log_path",
                           "mac_address",
                           "masked_paths",
                           "memory_swappiness",
                           "monitor",
                           "network_mode",
                           "no_copy",
                           "non_recursive",
                           "oom_kill_disable",
                           "oom_killed",
                           "oom_score_adj",
                           "pid_mode",
                           "pid_start_time",
                           "privileged",
                           "propagation",
                           "publish_all",
                           "read_only_rootfs",
                           "readonly_paths",
                           "restart_count",
                           "runtime",
                           "security_opt",
                           "shm_size",
                           "start_interval",
                           "start_period",
                           "stdin_once",
                           "stop_signal",
                           "stop_timeout",
                           "stopped_by_user",
                           "sysctls",
                           "tmpfs_options",
                           "tmpfs_size",
                           "ulimits",
                           "userns_mode",
                           "uts_mode",
                           "volumes_from",
                           "working_dir",
                           "writable_memory",
                           "launcher"}) {
    INFO(name);
    CHECK(text.find("\"" + std::string(name) + "\":") != std::string::npos);
  }
}

TEST_CASE("an absent entrypoint is not an empty one, in records too") {
  container_record r;
  r.name = {"docker", "1"};
  CHECK_FALSE(container_from_json(to_json(r))->options.entrypoint);
  r.options.entrypoint.emplace();
  REQUIRE(container_from_json(to_json(r))->options.entrypoint);
}

TEST_CASE("a sandbox's and a volume's record come back as they were written") {
  sandbox_record s{{"k8s", "2"}, "bridge", {{80, "tcp", "", 8080}}, "h", {}, 2, 5};
  CHECK(sandbox_from_json(to_json(s))->endpoints.empty());
  s.endpoints = {network_endpoint{"bridge", "10.0.0.2", "10.0.0.1", "02::", 24, s.ports}};
  s.endpoints[0].asked = {"bridge", "bridge", "10.0.0.2", "02::", {"db"}, "fd00::2"};
  s.endpoints[0].asked.link_local = {"169.254.8.8"}, s.endpoints[0].asked.driver_options = {{"a", "b"}};
  s.endpoints[0].asked.interface = "net0", s.endpoints[0].asked.sysctls = {{"ipv4", "conf", "log_martians", "1"}};
  s.endpoints[0].ip6 = {"fd00::2", "fd00::1", 64};
  s.endpoints[0].names = {"web", "db"};
  s.endpoints[0].interface = "eth1";
  s.endpoints[0].attached = s.endpoints[0].default_route = true;
  auto sandbox = sandbox_from_json(to_json(s)).value();
  CHECK(to_json(sandbox) == to_json(s));
  CHECK(sandbox.name == s.name);
  CHECK(sandbox.ports == s.ports);
  CHECK(sandbox.endpoints.at(0).prefix_length == 24);
  CHECK(sandbox.created_at == 5);

  CHECK(sandbox.endpoints.at(0).ip6.ip == "fd00::2");

  volume_record v{"docker", "data", true, {{"k", "v"}}, 7};
  auto volume = volume_from_json(to_json(v)).value();
  CHECK(volume.ns == "docker");
  CHECK(volume.name == "data");
  CHECK(volume.anonymous);
  CHECK(volume.labels == v.labels);
  CHECK(volume.created_at == 7);
}

TEST_CASE("a network's record comes back as it was written, and one of an engine that knew one subnet, too") {
  network_definition of;
  of.name = {"docker", "1"};
  of.ipv6 = true;
  of.subnets = {{"10.0.0.0/24", "10.0.0.1", "10.0.0.64/26", {{"a", "10.0.0.9"}}}, {"fd00::/64", "fd00::1", {}}};
  const auto back = network_from_json(to_json(of)).value();
  CHECK(to_json(back) == to_json(of));
  CHECK(back.ipv6);
  CHECK(back.subnets.at(1).gateway == "fd00::1");

  const auto old = network_from_json(R"({"name":{"ns":"docker","id":"1"},"subnet":"10.0.0.0/24","gateway":"10.0.0.1",
    "ip_range":"10.0.0.64/26","reserved":{"a":"10.0.0.9"}})")
                       .value();
  REQUIRE(old.subnets.size() == 1);
  CHECK(old.subnets[0].gateway == "10.0.0.1");
  CHECK(old.subnets[0].ip_range == "10.0.0.64/26");
  CHECK(old.subnets[0].reserved.at("a") == "10.0.0.9");
  CHECK_FALSE(old.ipv6);
}

namespace {

pod_record full_pod() {
  pod_record r;
  r.name = {"k8s", std::string(64, '1')};
  auto& o = r.options;
  o.metadata = {"web", "u-1", "default", 2};
  o.hostname = "h", o.log_directory = "/var/log/pods/x", o.dns = pod_dns{{"1.1.1.1"}, {"s"}, {"ndots:5"}};
  o.ports = {{80, "tcp", "", 8080}}, o.labels = {{"l", "1"}}, o.annotations = {{"a", "2"}};
  o.runtime = "crun", o.cgroup_parent = "/kubepods/x", o.sysctls = {{"net.core.somaxconn", "9"}};
  o.network = namespace_mode::node, o.ipc = namespace_mode::node, o.pid = namespace_mode::pod;
  o.uid_map = {{0, 100000, 65536}}, o.gid_map = {{0, 200000, 65536}}, o.privileged = true;
  o.resources.memory = 1 << 20;
  r.now = pod_phase::not_ready, r.attached = true, r.addresses = {"10.0.0.2", "fd00::2"};
  r.cni_result = R"({"ips":[]})", r.cni_network = R"({"name":"n"})", r.network_namespace = "/proc/7/fd/9",
  r.monitor = 3, r.created_at = 5;
  return r;
}

} // namespace

TEST_CASE("a pod's record comes back as it was written") {
  auto written = full_pod();
  auto read = pod_from_json(to_json(written)).value();
  CHECK(to_json(read) == to_json(written));
  CHECK(read.name == written.name);
  CHECK(read.options.metadata == written.options.metadata);
  CHECK(read.options.dns == written.options.dns);
  CHECK(read.options.ports == written.options.ports);
  CHECK(read.options.sysctls == written.options.sysctls);
  CHECK(read.options.network == namespace_mode::node);
  CHECK(read.options.pid == namespace_mode::pod);
  CHECK(read.options.uid_map == written.options.uid_map);
  CHECK(read.options.resources == written.options.resources);
  CHECK(read.now == pod_phase::not_ready);
  CHECK(read.attached);
  CHECK(read.addresses == written.addresses);
  CHECK(read.cni_result == written.cni_result);
  CHECK(read.network_namespace == written.network_namespace);
  CHECK(read.monitor == 3);
  CHECK(read.created_at == 5);
  pod_record bare;
  bare.name = {"k8s", "1"};
  CHECK_FALSE(pod_from_json(to_json(bare))->options.dns);
}

TEST_CASE("an image's record comes back, its config byte for byte and parsed") {
  image i;
  i.id = of('a');
  i.manifest_descriptor = {media_type::oci_manifest, of('b'), 5, platform{"linux", "arm64", "v8"}, {{"k", "v"}}};
  i.layers = {{media_type::oci_layer_zstd, of('c'), ~0ull, std::nullopt, {}}};
  i.layer_folders = {9}, i.unpacked_bytes = 10, i.pulled_at = 11, i.parent = of('d');
  i.config_json = " {\"rootfs\" : {\"type\":\"layers\",\"diff_ids\":[]}, \"author\":\"\\u00e9\", \"os\":\"linux\"}\n";
  auto read = image_from_json(to_json(i)).value();
  CHECK(read.id == i.id);
  CHECK(read.manifest_descriptor == i.manifest_descriptor);
  CHECK(read.layers == i.layers);
  CHECK(read.layer_folders == i.layer_folders);
  CHECK(read.unpacked_bytes == 10);
  CHECK(read.pulled_at == 11);
  CHECK(read.parent == of('d'));
  CHECK(read.config_json == i.config_json);
  CHECK(read.config.author == "\xc3\xa9");

  i.config_json = "{}";
  CHECK(image_from_json(to_json(i)).error().code == errc::corrupt);
}

TEST_CASE("a record of an older engine gets defaults, and unknown fields of a newer one are passed over") {
  auto read = container_from_json(R"({"name":{"ns":"docker","id":"1"},"future":[1],"options":{"soon":true}})");
  REQUIRE(read);
  CHECK(read->options.network_mode == "bridge");
  CHECK(read->options.shm_size == 64 << 20);
  CHECK(read->options.log.driver == "json-file");
  CHECK(read->state.now == phase::created);
}

TEST_CASE("a record that cannot be one is corrupt") {
  for (const auto* text :
       {"", "{", "[]", "null", "1", "{}", R"({"name":"docker/1"})", R"({"name":{"ns":"docker","id":1}})",
        R"({"name":{"ns":"a","id":"1"},"image_id":"sha256:00"})", R"({"name":{"ns":"a","id":"1"},"image_id":7})",
        R"({"name":{"ns":"a","id":"1"},"layers":["x"]})", R"({"name":{"ns":"a","id":"1"},"options":null})",
        "{\"name\":{\"ns\":\"a\",\"id\":\"\xff\"}}"}) {
    INFO(text);
    auto read = container_from_json(text);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == errc::corrupt);
    CHECK_FALSE(image_from_json(text));
  }
  for (const auto* text : {"", "[]", R"({"now":"flying"})", R"({"now":2})"})
    CHECK(container_state_from_json(text).error().code == errc::corrupt);
  CHECK(sandbox_from_json("{}").error().code == errc::corrupt);
  CHECK(volume_from_json(R"({"ns":"docker"})").error().code == errc::corrupt);
}

TEST_CASE("text that is not UTF-8 does not keep a record from being written") {
  container_record r;
  r.name = {"docker", "1"};
  r.state.error = "runc: \xff";
  CHECK(container_state_from_json(to_json(r.state))->error == "runc: \xef\xbf\xbd");
}
