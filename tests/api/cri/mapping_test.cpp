#include <google/protobuf/util/json_util.h>

#include "api/cri/mapping/containers.hpp"
#include "api/cri/mapping/filters.hpp"
#include "api/cri/mapping/images.hpp"
#include "api/cri/mapping/mounts.hpp"
#include "api/cri/mapping/pods.hpp"
#include "api/cri/mapping/resources.hpp"
#include "api/cri/mapping/signals.hpp"
#include "tests/catch.hpp"

using namespace gantry;
using namespace gantry::cri;

namespace {

template<class Message>
Message from_json(const std::string& text) {
  Message made;
  auto read = google::protobuf::util::JsonStringToMessage(text, &made);
  INFO(read.ToString());
  REQUIRE(read.ok());
  return made;
}

result<pod_options> pod(const std::string& text) {
  auto config = from_json<v1::PodSandboxConfig>(text);
  if (!config.has_metadata()) {
    config.mutable_metadata()->set_name("web");
    config.mutable_metadata()->set_namespace_("default");
  }
  return parse_pod(config, "");
}

pod_record a_pod(bool privileged = false) {
  pod_record made;
  made.name = {pods_namespace, std::string(64, 'a')};
  made.options.privileged = privileged;
  made.options.pid = namespace_mode::pod;
  made.options.runtime = "crun";
  return made;
}

result<container_plan> container(const std::string& text, const pod_record& in = a_pod(), host_security host = {}) {
  auto config = from_json<v1::ContainerConfig>(text);
  if (!config.has_metadata()) config.mutable_metadata()->set_name("c");
  if (!config.has_image()) config.mutable_image()->set_image("alpine");
  return parse_container(config, in, host);
}

/// Refused as wrong, with `word` in what is said.
template<class T>
void refused(const result<T>& got, const std::string& word) {
  INFO("expected to be refused with: " << word);
  REQUIRE_FALSE(got);
  CHECK(got.error().code == errc::invalid_argument);
  CHECK_THAT(got.error().message, test::contains(word));
}

} // namespace

TEST_CASE("a pod: what the kubelet says of it arrives") {
  auto made = pod(R"({"metadata": {"name": "n", "uid": "u", "namespace": "s", "attempt": 2}, "hostname": "h",
    "log_directory": "/var/log/pods/x", "dns_config": {"servers": ["1.1.1.1"], "searches": ["a.b"], "options": ["c"]},
    "port_mappings": [{"container_port": 80, "host_port": 8080, "protocol": "UDP", "host_ip": "127.0.0.1"},
                      {"container_port": 81}],
    "labels": {"l": "1"}, "annotations": {"a": "2"},
    "linux": {"cgroup_parent": "/kubepods/x", "sysctls": {"net.core.somaxconn": "9"},
      "security_context": {"privileged": true, "namespace_options": {"network": "NODE", "pid": "CONTAINER"}},
      "resources": {"memory_limit_in_bytes": 100, "cpu_shares": 4}, "overhead": {"memory_limit_in_bytes": 11}}})");
  REQUIRE(made);
  CHECK(made->metadata == pod_metadata{"n", "u", "s", 2});
  CHECK(made->hostname == "h");
  CHECK(made->log_directory == "/var/log/pods/x");
  CHECK(made->dns == pod_dns{{"1.1.1.1"}, {"a.b"}, {"c"}});
  CHECK(made->ports == std::vector<port_binding>{{80, "udp", "127.0.0.1", 8080}});
  CHECK(made->labels.at("l") == "1");
  CHECK(made->annotations.at("a") == "2");
  CHECK(made->cgroup_parent == "/kubepods/x");
  CHECK(made->sysctls.at("net.core.somaxconn") == "9");
  CHECK(made->privileged);
  CHECK(made->network == namespace_mode::node);
  CHECK(made->ipc == namespace_mode::pod);
  CHECK(made->pid == namespace_mode::container);
  CHECK(made->resources.memory == 111);
  CHECK(made->resources.cpu_shares == 4);
}

TEST_CASE("a pod: what cannot be is refused by name") {
  refused(pod(R"({"metadata": {"uid": "u"}})"), "metadata");
  refused(pod(R"({"log_directory": "logs"})"), "log_directory");
  refused(pod(R"({"port_mappings": [{"container_port": 70000, "host_port": 1}]})"), "port_mappings");
  refused(pod(R"({"port_mappings": [{"container_port": 7, "host_port": 1, "protocol": 9}]})"), "protocol");
  refused(pod(R"({"windows": {}})"), "windows");
  auto namespaces = [](const std::string& options) {
    return pod(R"({"linux": {"security_context": {"namespace_options": )" + options + "}}}");
  };
  refused(namespaces(R"({"network": "CONTAINER"})"), "network");
  refused(namespaces(R"({"pid": "TARGET"})"), "pid");
  refused(namespaces(R"({"ipc": 17})"), "ipc");
}

namespace {

constexpr auto one_range = R"([{"host_id": 65536, "length": 9}])";

std::string users_of(const std::string& uids, const std::string& gids, const std::string& more = "") {
  return R"({"userns_options": {"mode": "POD", "uids": )" + uids + R"(, "gids": )" + gids + "}" + more + "}";
}

result<pod_options> pod_with(const std::string& namespaces) {
  return pod(R"({"linux": {"security_context": {"namespace_options": )" + namespaces + "}}}");
}

pod_record a_mapped_pod() {
  auto made = a_pod();
  made.options.uid_map = made.options.gid_map = {{0, 65536, 9}};
  return made;
}

result<container_plan> container_with(const std::string& namespaces, const pod_record& in) {
  return container(R"({"linux": {"security_context": {"namespace_options": )" + namespaces + "}}}", in);
}

} // namespace

TEST_CASE("a pod: users of its own are one range of each, from 0, and its status shows them") {
  auto made = pod_with(users_of(one_range, R"([{"host_id": 7, "length": 1}])"));
  REQUIRE(made);
  CHECK(made->uid_map == std::vector<id_mapping>{{0, 65536, 9}});
  CHECK(made->gid_map == std::vector<id_mapping>{{0, 7, 1}});
  pod_record record;
  record.options = *made;
  const auto shown = render_pod_status(record).linux().namespaces().options().userns_options();
  CHECK(shown.mode() == v1::POD);
  CHECK(shown.gids(0).host_id() == 7);
  auto node = pod_with(R"({"userns_options": {"mode": "NODE"}})");
  REQUIRE(node);
  CHECK(node->uid_map.empty());
}

TEST_CASE("a pod: maps of users that cannot be are refused by the name of the field") {
  refused(pod_with(R"({"userns_options": {"mode": "POD"}})"), "userns_options.uids");
  refused(pod_with(users_of(one_range, "[]")), "userns_options.gids");
  refused(pod_with(R"({"userns_options": {"mode": "NODE", "uids": [{"length": 1}]}})"), "userns_options.uids");
  refused(pod_with(R"({"userns_options": {"mode": "NODE", "gids": [{"length": 1}]}})"), "userns_options.gids");
  refused(pod_with(R"({"userns_options": {"mode": "CONTAINER"}})"), "userns_options.mode");
  refused(pod_with(users_of(R"([{"container_id": 1, "length": 9}])", one_range)), "container_id is 0");
  refused(pod_with(users_of(R"([{"length": 9}, {"container_id": 9, "host_id": 9, "length": 9}])", one_range)),
          "one range");
  refused(pod_with(users_of(one_range, R"([{"host_id": 5}])")), "gids: the length");
  refused(pod_with(users_of(one_range, R"([{"host_id": 4294967295, "length": 1}])")), "gids: 1 IDs from 4294967295");
  for (const auto* field : {"network", "ipc", "pid"})
    refused(pod_with(users_of(one_range, one_range, std::string(R"(, ")") + field + R"(": "NODE")")), field);
}

TEST_CASE("a container: its users are its pod's") {
  CHECK(container_with(users_of(one_range, one_range), a_mapped_pod()));
  CHECK(container_with("{}", a_mapped_pod()));
  CHECK(container_with(R"({"userns_options": {"mode": "NODE"}})", a_pod()));
  refused(container_with(R"({"userns_options": {"mode": "NODE"}})", a_mapped_pod()), "userns_options");
  refused(container_with(users_of(one_range, one_range), a_pod()), "userns_options");
  refused(container_with(users_of(one_range, R"([{"host_id": 65536, "length": 8}])"), a_mapped_pod()),
          "userns_options");
}

TEST_CASE("a container: a mount may have maps of IDs in a pod that has users of its own") {
  auto mount = [](const std::string& more, const pod_record& in) {
    return container(R"({"mounts": [{"host_path": "/h", "container_path": "/c", )" + more + "}]}", in);
  };
  const std::string both = std::string(R"("uidMappings": )") + one_range + R"(, "gidMappings": )" + one_range;
  auto made = mount(both, a_mapped_pod());
  REQUIRE(made);
  CHECK(made->options.mounts[0].uid_map == std::vector<id_mapping>{{0, 65536, 9}});
  CHECK(render_mount(made->options.mounts[0]).gidmappings(0).length() == 9);
  refused(mount(both, a_pod()), "userns_options");
  refused(mount(std::string(R"("uidMappings": )") + one_range, a_mapped_pod()), "go together");
  refused(mount(R"("uidMappings": [{"length": 2}, {"container_id": 1, "host_id": 5, "length": 2}], "gidMappings": [])",
                a_mapped_pod()),
          "uidMappings: ranges overlap");
  refused(mount(R"("uidMappings": [{"length": 2}, {"container_id": 5, "host_id": 1, "length": 2}], "gidMappings": [])",
                a_mapped_pod()),
          "uidMappings: ranges overlap");
  refused(mount(R"("propagation": "PROPAGATION_BIDIRECTIONAL")", a_mapped_pod()), "PROPAGATION_BIDIRECTIONAL");
}

TEST_CASE("a container: an image volume belongs to the pod's users where nothing else is said") {
  auto volume = [](const std::string& more, const pod_record& in) {
    return container(R"({"mounts": [{"container_path": "/c", "image": {"image": "data"})" + more + "}]}", in);
  };
  auto made = volume("", a_mapped_pod());
  REQUIRE(made);
  CHECK(made->options.mounts[0].uid_map == a_mapped_pod().options.uid_map);
  CHECK(made->options.mounts[0].gid_map == a_mapped_pod().options.gid_map);
  made = volume(R"(, "uidMappings": [{"host_id": 7, "length": 1}], "gidMappings": [{"host_id": 8, "length": 1}])",
                a_mapped_pod());
  REQUIRE(made);
  CHECK(made->options.mounts[0].uid_map == std::vector<id_mapping>{{0, 7, 1}});
  CHECK(render_mount(made->options.mounts[0]).gidmappings(0).host_id() == 8);
  CHECK(volume("", a_pod())->options.mounts[0].uid_map.empty());
}

TEST_CASE("a pod: its status says its addresses, the first one as the primary") {
  auto record = a_pod();
  record.now = pod_phase::ready;
  record.addresses = {"10.0.0.7", "fd00::7"};
  record.options.network = namespace_mode::pod;
  record.options.metadata = {"n", "u", "s", 1};
  auto made = render_pod_status(record);
  CHECK(made.state() == v1::SANDBOX_READY);
  CHECK(made.network().ip() == "10.0.0.7");
  CHECK(made.network().additional_ips(0).ip() == "fd00::7");
  CHECK(made.linux().namespaces().options().pid() == v1::POD);
  CHECK(made.metadata().uid() == "u");
  CHECK(made.runtime_handler() == "crun");
  record.now = pod_phase::not_ready;
  CHECK(render_pod(record).state() == v1::SANDBOX_NOTREADY);
}

TEST_CASE("a container: what the kubelet says of it arrives") {
  auto made = container(R"({"metadata": {"name": "n", "attempt": 3}, "image": {"image": "sha256:x"},
    "command": ["sh"], "args": ["-c", "true"], "working_dir": "/w", "envs": [{"key": "A", "value": "Yj1j"}],
    "mounts": [{"host_path": "/h", "container_path": "/c", "readonly": true,
                "propagation": "PROPAGATION_HOST_TO_CONTAINER"},
               {"host_path": "/h", "container_path": "/r", "readonly": true, "recursive_read_only": true}],
    "devices": [{"host_path": "/dev/null", "container_path": "/dev/x", "permissions": "r"}],
    "labels": {"l": "1"}, "annotations": {"a": "2"}, "log_path": "n/3.log", "stdin": true, "stdin_once": true,
    "tty": true, "stop_signal": "SIGNAL_SIGRTMINPLUS3",
    "linux": {"resources": {"cpu_quota": -1, "oom_score_adj": 2000,
      "hugepage_limits": [{"page_size": "2MB", "limit": 4}], "unified": {"memory.high": "9"}}, "security_context": {
      "namespace_options": {"pid": "TARGET", "target_id": "t"}, "run_as_user": {"value": 7},
      "run_as_group": {"value": 8}, "supplemental_groups": [9], "readonly_rootfs": true, "no_new_privs": true,
      "capabilities": {"add_capabilities": ["NET_ADMIN"], "drop_capabilities": ["ALL"],
                       "add_ambient_capabilities": ["CHOWN"]}, "supplemental_groups_policy": "Strict",
      "masked_paths": ["/m"], "readonly_paths": ["/r"], "seccomp": {"profile_type": "RuntimeDefault"}}}})");
  REQUIRE(made);
  const auto& o = made->options;
  CHECK(o.in_pod == pod_member{a_pod().name, "n", 3, "n/3.log", namespace_mode::target, "t"});
  CHECK(o.image == "sha256:x");
  CHECK(o.entrypoint == std::vector<std::string>{"sh"});
  CHECK(o.cmd == std::vector<std::string>{"-c", "true"});
  CHECK(o.env == std::vector<std::string>{"A=b=c"});
  CHECK(o.working_dir == "/w");
  REQUIRE(o.mounts.size() == 2);
  CHECK(o.mounts[0].source == "/h");
  CHECK(o.mounts[0].read_only);
  CHECK(o.mounts[0].propagation == "rslave");
  CHECK_FALSE(o.mounts[0].recursive_read_only);
  CHECK(o.mounts[1].recursive_read_only);
  CHECK(o.devices == std::vector<device_mapping>{{"/dev/null", "/dev/x", "r"}});
  CHECK((o.tty && o.open_stdin && o.stdin_once && o.read_only_rootfs));
  CHECK(o.stop_signal == "SIGRTMIN+3");
  CHECK(o.user == "7");
  CHECK(o.identity.group == 8);
  CHECK(o.identity.memberships == group_membership::never);
  CHECK(o.identity.ambient_caps == std::vector<std::string>{"CHOWN"});
  CHECK(o.resources.hugepages == std::vector<hugepage_limit>{{"2MB", 4}});
  CHECK(o.resources.unified.at("memory.high") == "9");
  CHECK(o.group_add == std::vector<std::string>{"9"});
  CHECK(o.cap_add == std::vector<std::string>{"NET_ADMIN"});
  CHECK(o.cap_drop == std::vector<std::string>{"ALL"});
  CHECK(o.security_opt == std::vector<std::string>{"no-new-privileges"});
  CHECK(o.masked_paths == std::vector<std::string>{"/m"});
  CHECK(o.readonly_paths == std::vector<std::string>{"/r"});
  CHECK(o.oom_score_adj == 1000);
  CHECK(o.runtime == "crun");
}

TEST_CASE("a container: seccomp is what its profile says, and none without one") {
  auto with = [](const std::string& profile) {
    return container(R"({"linux": {"security_context": {)" + profile + "}}}");
  };
  CHECK(with("").value().options.security_opt == std::vector<std::string>{"seccomp=unconfined"});
  CHECK(with(R"("seccomp": {"profile_type": "Unconfined"})").value().options.security_opt ==
        std::vector<std::string>{"seccomp=unconfined"});
  CHECK(with(R"("seccomp": {"profile_type": "RuntimeDefault"})").value().options.security_opt.empty());
  auto local = with(R"("seccomp": {"profile_type": "Localhost", "localhost_ref": "localhost//p.json"})");
  REQUIRE(local);
  CHECK(local->seccomp_profile == "/p.json");
  add_seccomp_profile("{}", local->options);
  CHECK(local->options.security_opt == std::vector<std::string>{"seccomp={}"});
  refused(with(R"("seccomp": {"profile_type": "Localhost", "localhost_ref": "p.json"})"), "localhost_ref");
}

TEST_CASE("a container: AppArmor and SELinux are the host's, where it has them") {
  auto with = [](const std::string& context, host_security host) {
    auto made = container(R"({"linux": {"security_context": {"seccomp": {}, )" + context + "}}}", a_pod(), host);
    INFO((made ? "" : made.error().message));
    REQUIRE(made);
    return made->options.security_opt;
  };
  const auto local = R"("apparmor": {"profile_type": "Localhost", "localhost_ref": "localhost/mine"})";
  const auto label = R"("selinux_options": {"level": "s0:c1", "type": "t"})";
  using options = std::vector<std::string>;
  CHECK(with(local, {true, false}) == options{"apparmor=mine"});
  CHECK(with(R"("apparmor": {"profile_type": "Unconfined"})", {true, false}) == options{"apparmor=unconfined"});
  CHECK(with(R"("apparmor": {"profile_type": "Unconfined"})", {}).empty());
  CHECK(with(label, {false, true}) == options{"label=type:t", "label=level:s0:c1"});
  CHECK(with(label, {}).empty());
  refused(container(std::string(R"({"linux": {"security_context": {)") + local + "}}}"), "AppArmor");
}

TEST_CASE("a container: what cannot be is refused by name") {
  refused(container(R"({"metadata": {}})"), "metadata");
  refused(container(R"({"image": {}})"), "image");
  refused(container(R"({"envs": [{"key": "a=b"}]})"), "envs");
  refused(container(R"({"log_path": "../up"})"), "log_path");
  refused(container(R"({"log_path": "/abs"})"), "log_path");
  refused(container(R"({"CDI_devices": [{"name": "gpu0"}]})"), "CDI_devices");
  refused(container(R"({"annotations": {"cdi.k8s.io/x": "v.com/c=d,"}})"), "cdi.k8s.io/x");
  refused(container(R"({"mounts": [{"host_path": "h", "container_path": "/c"}]})"), "absolute");
  refused(container(R"({"mounts": [{"host_path": "/h", "container_path": "/c", "recursive_read_only": true}]})"),
          "recursive_read_only");
  refused(container(R"({"devices": [{"host_path": "/dev/x", "permissions": "q"}]})"), "permissions");
  refused(container(R"({"stop_signal": 99})"), "stop_signal");
  auto context = [](const std::string& text) { return container(R"({"linux": {"security_context": )" + text + "}}"); };
  refused(context(R"({"run_as_group": {"value": 1}})"), "run_as_group");
  refused(context(R"({"run_as_user": {"value": -1}})"), "run_as_user");
  refused(context(R"({"run_as_user": {"value": 1}, "run_as_username": "u"})"), "run_as_username");
  refused(context(R"({"namespace_options": {"pid": "TARGET"}})"), "target_id");
  refused(context(R"({"privileged": true})"), "privileged");
  CHECK(container(R"({"linux": {"security_context": {"privileged": true}}})", a_pod(true)));
}

TEST_CASE("a container: CDI devices come by the field and by annotations, each once") {
  const auto made = container(R"({"CDI_devices": [{"name": "v.com/c=b"}, {"name": "v.com/c=a"}],
    "annotations": {"cdi.k8s.io/y": "w.com/c=1", "cdi.k8s.io/x": "v.com/c=a,v.com/c=d", "other": "v.com/c=no"}})");
  REQUIRE(made);
  CHECK(made->options.cdi_devices == std::vector<std::string>{"v.com/c=b", "v.com/c=a", "v.com/c=d", "w.com/c=1"});
  CHECK(made->options.annotations.size() == 3); // they stay annotations
}

TEST_CASE("a container: an image volume arrives, read-only whatever is said, and is shown again") {
  const auto made = container(R"({"mounts": [{"container_path": "/data", "image": {"image": "sha256:1"},
                                              "image_sub_path": "a/b"}]})");
  REQUIRE(made);
  REQUIRE(made->options.mounts.size() == 1);
  const auto& mount = made->options.mounts[0];
  CHECK(mount.type == mount_request::kind::image);
  CHECK(mount.source == "sha256:1");
  CHECK(mount.sub_path == "a/b");
  CHECK(mount.read_only);
  container_record record;
  record.options = made->options;
  const auto status = render_container_status(record, nullptr);
  REQUIRE(status.mounts_size() == 1);
  CHECK(status.mounts(0).image().image() == "sha256:1");
  CHECK(status.mounts(0).image_sub_path() == "a/b");
  CHECK(status.mounts(0).readonly());
  CHECK(status.mounts(0).host_path().empty());
  const auto mounts = [](const std::string& one) { return container(R"({"mounts": [)" + one + "]}"); };
  refused(mounts(R"({"container_path": "/c", "image": {}})"), "image.image");
  refused(mounts(R"({"container_path": "c", "image": {"image": "x"}})"), "container_path");
  refused(mounts(R"({"container_path": "/c", "host_path": "/h", "image": {"image": "x"}})"), "host_path");
  refused(mounts(R"({"container_path": "/c", "image": {"image": "x"}, "image_sub_path": "../x"})"), "..");
  refused(mounts(R"({"container_path": "/c", "host_path": "/h", "image_sub_path": "x"})"), "image_sub_path");
  refused(mounts(R"({"container_path": "/c", "image": {"image": "x"}, "propagation": "PROPAGATION_BIDIRECTIONAL"})"),
          "PROPAGATION_PRIVATE");
}

TEST_CASE("a container: its status is that of its life") {
  container_record record;
  record.name = {pods_namespace, std::string(64, 'c')};
  record.options.image = "alpine:3";
  record.options.in_pod = {a_pod().name, "n", 1, "n/1.log", {}, {}};
  record.image_id = digest::parse("sha256:" + std::string(64, '1')).value();
  record.state = {phase::running, 7, 8, 0, false, "", 100, 0, 0, false, ""};
  CHECK(render_container(record).pod_sandbox_id() == a_pod().name.id);
  auto running = render_container_status(record, nullptr);
  CHECK(running.state() == v1::CONTAINER_RUNNING);
  CHECK(running.started_at() == 100);
  CHECK(running.image_ref() == record.image_id.str());
  CHECK(running.stop_signal() == v1::SIGNAL_SIGTERM);
  record.state.now = phase::exited;
  record.state.exit_code = 137;
  record.state.finished_at = 200;
  record.state.error = "bad \xff byte";
  auto exited = render_container_status(record, nullptr);
  CHECK(exited.reason() == "Error");
  CHECK(exited.exit_code() == 137);
  CHECK(exited.finished_at() == 200);
  CHECK(exited.message() == "bad \xef\xbf\xbd byte");
  record.state.oom_killed = true;
  CHECK(render_container_status(record, nullptr).reason() == "OOMKilled");
  record.state.started_at = 0;
  CHECK(render_container_status(record, nullptr).reason() == "StartError");
}

TEST_CASE("a container: its status says in numbers who it is") {
  container_record record;
  CHECK_FALSE(render_container_status(record, nullptr).has_user());
  record.effective_ids = process_ids{1000, 50, {50, 7}};
  const auto user = render_container_status(record, nullptr).user().linux();
  CHECK(user.uid() == 1000);
  CHECK(user.gid() == 50);
  CHECK(std::vector<std::int64_t>(user.supplemental_groups().begin(), user.supplemental_groups().end()) ==
        std::vector<std::int64_t>{50, 7});
}

TEST_CASE("an image: its names by tag and by digest, each once, and who its processes are") {
  image of;
  of.id = digest::parse("sha256:" + std::string(64, '1')).value();
  of.config_json = "{}";
  of.config.user = "12:34";
  of.layers = {{"", digest::parse("sha256:" + std::string(64, '3')).value(), 40, {}, {}}};
  of.unpacked_bytes = 100;
  auto manifest = digest::parse("sha256:" + std::string(64, '2')).value();
  std::vector<image_name> names;
  for (const char* text : {"alpine:3", "alpine:4", "localhost:5000/a:b"})
    names.push_back({pods_namespace, reference::parse(text).value(), of.id, manifest});
  auto made = render_image({std::make_shared<const image>(of), names});
  CHECK(made.repo_tags_size() == 3);
  CHECK(made.repo_tags(0) == "docker.io/library/alpine:3");
  CHECK(made.repo_digests_size() == 2);
  CHECK(made.size() == 42);
  CHECK(made.uid().value() == 12);
  std::set<digest> counted;
  CHECK(bytes_on_disk(of, counted) == 140);
  CHECK(bytes_on_disk(of, counted) == 0);
  of.config.user = "www-data";
  CHECK(render_image({std::make_shared<const image>(of), names}).username() == "www-data");
}

TEST_CASE("credentials: of all kinds, and never for another registry") {
  auto image = reference::parse("localhost:5000/a:b").value();
  auto parse = [&](const std::string& text) { return parse_auth(from_json<v1::AuthConfig>(text), image); };
  CHECK(parse(R"({"username": "u", "password": "p"})").value() == registry_login{"u", "p", "", ""});
  CHECK(parse(R"({"auth": "dTpwOnE="})").value() == registry_login{"u", "p:q", "", ""});
  CHECK(parse(R"({"identity_token": "i", "registry_token": "r"})").value() == registry_login{"", "", "i", "r"});
  CHECK(parse(R"({"username": "u", "server_address": "https://other/v1/"})").value() == registry_login{});
  CHECK(parse(R"({"username": "u", "server_address": "localhost:5000"})").value().username == "u");
  refused(parse(R"({"auth": "secret"})"), "base64");
  CHECK_THAT(parse(R"({"auth": "secret"})").error().message, !test::contains("secret"));
  image = reference::parse("alpine").value();
  CHECK(parse(R"({"username": "u", "server_address": "https://index.docker.io/v1/"})").value().username == "u");
}

TEST_CASE("filters: labels are all there, ids may be prefixes") {
  v1::PodSandboxFilter filter;
  CHECK(has_labels({}, filter.label_selector()));
  (*filter.mutable_label_selector())["a"] = "1";
  CHECK(has_labels({{"a", "1"}, {"b", "2"}}, filter.label_selector()));
  CHECK_FALSE(has_labels({{"a", "2"}}, filter.label_selector()));
  CHECK(has_id("abc", "ab"));
  CHECK_FALSE(has_id("abc", "abcd"));
}

TEST_CASE("signals: each of the CRI's has a name and comes back from it") {
  for (int number = v1::SIGNAL_SIGABRT; number <= v1::SIGNAL_SIGRTMAX; ++number) {
    auto name = parse_signal(static_cast<v1::Signal>(number));
    REQUIRE(name);
    CHECK(render_signal(*name) == number);
  }
  CHECK(parse_signal(v1::SIGNAL_RUNTIME_DEFAULT).value().empty());
  CHECK(render_signal("TERM") == v1::SIGNAL_SIGTERM);
  CHECK(render_signal("42") == v1::SIGNAL_RUNTIME_DEFAULT);
}
