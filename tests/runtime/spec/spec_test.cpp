#include "tests/catch.hpp"

#include <algorithm>
#include <chrono>

#include "tests/runtime/spec/fixture.hpp"

using namespace gantry;
using gantry::test::contains;
using gantry::test::has;
using gantry::test::json;
using gantry::test::mount_at;
using gantry::test::request;
using gantry::test::violations;
using strings = std::vector<std::string>;

namespace {

json namespace_of(const json& document, const std::string& type) {
  for (const auto& one : document["linux"]["namespaces"])
    if (one["type"] == type) return one;
  return nullptr;
}

} // namespace

TEST_CASE("a plain container's document follows the runtime-spec") {
  const request r;
  const auto document = r.document();
  CHECK(violations(document) == "");
  CHECK(document["ociVersion"] == "1.0.2");
  CHECK(document["root"]["path"] == "rootfs");
  CHECK(document["process"]["cwd"] == "/");
  CHECK(document["process"]["capabilities"]["effective"].size() == 14);
  CHECK(document["linux"]["resources"]["devices"][0] == json({{"allow", false}, {"access", "rwm"}}));
  CHECK(has(document["linux"]["maskedPaths"], "/proc/kcore"));
  CHECK(has(document["linux"]["readonlyPaths"], "/proc/sys"));
  CHECK(namespace_of(document, "network")["path"] == "/run/netns/gantry-test");
  CHECK(namespace_of(document, "cgroup")["type"] == "cgroup");
}

TEST_CASE("entrypoint and command merge by Docker's rules") {
  request r;
  r.image.entrypoint = {"/entry"};
  r.image.cmd = {"a", "b"};
  SECTION("both from the image") { CHECK(r.build()->args == strings{"/entry", "a", "b"}); }
  SECTION("a command replaces the image's") {
    r.options.cmd = {"x"};
    CHECK(r.build()->args == strings{"/entry", "x"});
  }
  SECTION("an entrypoint puts the image's command out of force") {
    r.options.entrypoint = strings{"/mine"};
    CHECK(r.build()->args == strings{"/mine"});
  }
  SECTION("an empty entrypoint needs a command") {
    r.options.entrypoint = strings{""};
    CHECK(r.refusal() == "no command specified");
    r.options.cmd = {"x"};
    CHECK(r.build()->args == strings{"x"});
  }
  SECTION("tini goes first") {
    r.options.init = true;
    CHECK_THAT(r.refusal(), contains("tini"));
    r.init = "/usr/bin/tini";
    CHECK(r.build()->args == strings{"/sbin/docker-init", "--", "/entry", "a", "b"});
    CHECK(mount_at(r.document(), "/sbin/docker-init")["source"] == "/usr/bin/tini");
  }
}

TEST_CASE("the environment is the engine's, the image's and the user's, in that order") {
  request r;
  r.image.env = {"PATH=/image", "A=1", "B=2"};
  r.options.env = {"B=3", "A", "C="};
  CHECK(r.build()->env == strings{"PATH=/image", "HOSTNAME=aaaaaaaaaaaa", "HOME=/root", "B=3", "C="});
  r.options.tty = true;
  CHECK(has(r.document()["process"]["env"], "TERM=xterm"));
  r.options.env = {"=x"};
  CHECK_THAT(r.refusal(), contains("NAME=value"));
  r.options.env = {std::string("A=\0B", 4)};
  CHECK_THAT(r.refusal(), contains("NUL"));
}

TEST_CASE("users are looked up in the image") {
  request r;
  const auto user = [&](const std::string& text) {
    r.options.user = text;
    const auto document = r.document();
    return document.contains("error") ? document["error"] : document["process"]["user"];
  };
  CHECK(user("") == json({{"uid", 0}, {"gid", 0}, {"additionalGids", {0, 1}}}));
  CHECK(user("www") == json({{"uid", 33}, {"gid", 34}, {"additionalGids", {34, 50}}}));
  CHECK(user("33") == json({{"uid", 33}, {"gid", 34}, {"additionalGids", {34, 50}}}));
  CHECK(user("www:staff") == json({{"uid", 33}, {"gid", 50}, {"additionalGids", {50}}}));
  CHECK(user("5000:6000") == json({{"uid", 5000}, {"gid", 6000}, {"additionalGids", {6000}}}));
  SECTION("digits are never a name") { CHECK(user("1234")["uid"] == 1234); }
  SECTION("numbers are bounded") {
    CHECK(user("2147483647")["uid"] == 2147483647);
    CHECK_THAT(user("2147483648").get<std::string>(), contains("out of range"));
    CHECK_THAT(user("99999999999999999999").get<std::string>(), contains("out of range"));
  }
  SECTION("unknown names are refused") {
    CHECK_THAT(user("nobody").get<std::string>(), contains("unable to find user nobody"));
    CHECK_THAT(user("www:nogroup").get<std::string>(), contains("unable to find group nogroup"));
  }
  SECTION("groups are added") {
    r.options.group_add = {"staff", "4711"};
    CHECK(user("0")["additionalGids"] == json({0, 1, 50, 4711}));
  }
  SECTION("one who is not root has capabilities only as a bound") {
    r.options.user = "www";
    const auto caps = r.document()["process"]["capabilities"];
    CHECK(caps["bounding"].size() == 14);
    CHECK_FALSE(caps.contains("effective"));
    CHECK(has(r.document()["process"]["env"], "HOME=/srv/www"));
  }
}

TEST_CASE("capabilities are added and dropped") {
  request r;
  const auto bounding = [&] { return r.document()["process"]["capabilities"]["bounding"]; };
  r.options.cap_drop = {"ALL"};
  r.options.cap_add = {"net_admin"};
  CHECK(bounding() == json({"CAP_NET_ADMIN"}));
  r.options.cap_add = {"all"};
  r.options.cap_drop = {"CAP_SYS_ADMIN"};
  CHECK(bounding().size() == 40);
  r.options.cap_add = {"WINGS"};
  CHECK_THAT(r.refusal(), contains("unknown capability 'WINGS'"));
  r.options.cap_add = {"SYS_RESOURCE"};
  r.facts.capabilities &= ~(std::uint64_t{1} << 24);
  CHECK_THAT(r.refusal(), contains("not available"));
  r.options.cap_add.clear();
  r.options.privileged = true;
  CHECK(bounding().size() == 40);
}

TEST_CASE("a privileged container is not confined") {
  request r;
  r.options.privileged = true;
  const auto document = r.document();
  CHECK(violations(document) == "");
  CHECK_FALSE(document["linux"].contains("seccomp"));
  CHECK(document["linux"]["maskedPaths"].empty());
  CHECK(document["linux"]["resources"]["devices"] == json::array({{{"allow", true}, {"access", "rwm"}}}));
  CHECK(has(mount_at(document, "/sys")["options"], "rw"));
}

TEST_CASE("limits become resources, by dockerd's rules") {
  request r;
  auto& want = r.options.resources;
  const auto resources = [&] { return r.document()["linux"]["resources"]; };
  SECTION("memory allows as much swap again") {
    want.memory = 64 << 20;
    CHECK(resources()["memory"] == json({{"limit", 64 << 20}, {"swap", 128 << 20}}));
    r.facts.resources.swap = false;
    CHECK(resources()["memory"] == json({{"limit", 64 << 20}}));
  }
  SECTION("cpus, pids and weight") {
    want.nano_cpus = 1'500'000'000;
    want.pids = 100;
    want.blkio_weight = 300;
    want.cpuset_cpus = "0-1,3";
    CHECK(resources()["cpu"] == json({{"quota", 150'000}, {"period", 100'000}, {"cpus", "0-1,3"}}));
    CHECK(resources()["pids"]["limit"] == 100);
    want.pids = -1; // a new cgroup has none
    CHECK_FALSE(resources().contains("pids"));
    CHECK(resources()["blockIO"]["weight"] == 300);
    CHECK(violations(r.document()) == "");
  }
  SECTION("what contradicts itself is refused") {
    want.memory = 1 << 20;
    CHECK_THAT(r.refusal(), contains("6MB"));
    want = {};
    want.memory_swap = 1 << 30;
    CHECK_THAT(r.refusal(), contains("memory-swap"));
    want = {};
    want.nano_cpus = 5'000'000'000;
    CHECK_THAT(r.refusal(), contains("only 4 CPUs"));
    want = {};
    want.cpuset_cpus = "0-9";
    CHECK_THAT(r.refusal(), contains("not available"));
    want.cpuset_cpus = "1-";
    CHECK_THAT(r.refusal(), contains("cpuset-cpus"));
  }
  SECTION("what the host lacks is dropped with a warning") {
    want.pids = 10;
    r.facts.resources.pids = false;
    REQUIRE(r.build()->warnings.size() == 1);
    CHECK_THAT(r.build()->warnings[0], contains("pids-limit"));
  }
}

TEST_CASE("ulimits above the host's are clamped with a warning, where they cannot be raised") {
  request r;
  r.default_ulimits = {{"nofile", 1024, 4096}, {"core", 0, 0}};
  r.options.ulimits = {{"nofile", 65'536, 65'536}};
  CHECK(r.document()["process"]["rlimits"][1] == json({{"type", "RLIMIT_NOFILE"}, {"hard", 65'536}, {"soft", 65'536}}));
  r.facts.sys_resource = false;
  CHECK(r.document()["process"]["rlimits"][1]["hard"] == 20'000);
  CHECK(r.build()->warnings.size() == 1);
  r.options.ulimits = {{"nofile", 2, 1}};
  CHECK_THAT(r.refusal(), contains("at most the hard limit"));
  r.options.ulimits = {{"wings", 2, 2}};
  CHECK_THAT(r.refusal(), contains("'wings' is not known"));
}

TEST_CASE("an oom score below the engine's own is clamped") {
  request r;
  r.facts.sys_resource = false;
  r.facts.oom_score_adj = 100;
  CHECK(r.document()["process"]["oomScoreAdj"] == 100);
  CHECK(r.build()->warnings.empty());
  r.options.oom_score_adj = -500;
  CHECK(r.build()->warnings.size() == 1);
  r.options.oom_score_adj = 2000;
  CHECK_THAT(r.refusal(), contains("-1000 to 1000"));
}

TEST_CASE("mounts come by depth and stand in for the engine's") {
  request r;
  r.hosts = "/var/lib/gantry/hosts";
  r.mounts = {{"bind", "", "/data", "/a/b/c", true, "", false, false, {}},
              {"volume", "v", "/vol", "/a", false, "", false, false, {}},
              {"bind", "", "/mine", "/etc/hosts", false, "", false, false, {}},
              {"bind", "", "/shm", "/dev/shm/", false, "", false, false, {}}};
  const auto document = r.document();
  CHECK(violations(document) == "");
  CHECK(mount_at(document, "/a/b/c")["options"] == json({"rbind", "ro", "rprivate"}));
  CHECK(mount_at(document, "/etc/hosts")["source"] == "/mine");
  CHECK(mount_at(document, "/dev/shm")["source"] == "/shm");
  CHECK(document["mounts"].back()["destination"] == "/a/b/c");
  SECTION("the same place twice is refused") {
    r.mounts.push_back({"bind", "", "/x", "/a/./b/../", false, "", false, false, {}});
    CHECK_THAT(r.refusal(), contains("duplicate mount point: /a"));
  }
  SECTION("the root is refused") {
    r.mounts = {{"bind", "", "/x", "/..", false, "", false, false, {}}};
    CHECK_THAT(r.refusal(), contains("can't be '/'"));
  }
}

TEST_CASE("tmpfs options override the defaults that they contradict") {
  request r;
  r.options.mounts = {{}};
  r.options.mounts[0].type = mount_request::kind::tmpfs;
  r.options.mounts[0].target = "/run";
  r.options.mounts[0].tmpfs_options = "exec,size=1m,size=2m,mode=755";
  CHECK(mount_at(r.document(), "/run")["options"] == json({"nosuid", "nodev", "exec", "size=2m", "mode=755"}));
  r.options.mounts[0].tmpfs_options = "lowerdir=/";
  CHECK_THAT(r.refusal(), contains("invalid tmpfs option"));
}

TEST_CASE("only sysctls of the container's own namespaces may be set") {
  request r;
  r.options.sysctls = {{"net.core.somaxconn", "1024"}, {"kernel.shmmax", "1"}};
  CHECK(r.document()["linux"]["sysctl"]["net.core.somaxconn"] == "1024");
  r.options.sysctls = {{"vm.swappiness", "1"}};
  CHECK_THAT(r.refusal(), contains("not namespaced"));
  r.options.sysctls = {{"net.ipv4.ip_forward", "1"}};
  r.host_network = true;
  CHECK_THAT(r.refusal(), contains("host's network namespace"));
}

TEST_CASE("namespaces are new, shared or joined") {
  request r;
  r.options.pid_mode = "host";
  r.options.ipc_mode = "container:x";
  r.ipc_path = "/proc/1/ns/ipc";
  auto document = r.document();
  CHECK(namespace_of(document, "pid") == nullptr);
  CHECK(namespace_of(document, "ipc")["path"] == "/proc/1/ns/ipc");
  r.ipc_path.clear();
  CHECK_THAT(r.refusal(), contains("not running"));
  r.options.ipc_mode = "none";
  r.options.uts_mode = "host";
  document = r.document();
  CHECK(mount_at(document, "/dev/shm") == nullptr);
  CHECK_FALSE(document.contains("hostname"));
  CHECK(violations(document) == "");
  r.options.pid_mode = "mine";
  CHECK_THAT(r.refusal(), contains("invalid pid mode"));
}

TEST_CASE("security options are taken or refused by name") {
  request r;
  r.options.security_opt = {"no-new-privileges", "seccomp=unconfined", "label=disable", "apparmor=unconfined"};
  auto document = r.document();
  CHECK(document["process"]["noNewPrivileges"] == true);
  CHECK_FALSE(document["linux"].contains("seccomp"));
  r.options.security_opt = {"apparmor=mine"};
  CHECK_THAT(r.refusal(), contains("AppArmor is not enabled"));
  r.options.security_opt = {"magic=1"};
  CHECK_THAT(r.refusal(), contains("invalid --security-opt"));
}

TEST_CASE("devices are the host's nodes") {
  request r;
  r.options.devices = {{"/dev/null", "/dev/mine", "rw"}};
  const auto document = r.document();
  CHECK(violations(document) == "");
  CHECK(document["linux"]["devices"][0]["path"] == "/dev/mine");
  CHECK(document["linux"]["resources"]["devices"].back() ==
        json({{"allow", true}, {"type", "c"}, {"major", 1}, {"minor", 3}, {"access", "rw"}}));
  r.options.devices = {{"/dev/no-such", "", ""}};
  CHECK(r.build().error().code == errc::not_found);
  r.options.devices = {{"/etc/passwd", "", ""}};
  CHECK_THAT(r.refusal(), contains("not a device node"));
  r.options.devices.clear();
  r.options.device_cgroup_rules = {"c 10:* rwm"};
  CHECK(r.document()["linux"]["resources"]["devices"].back() ==
        json({{"allow", true}, {"type", "c"}, {"major", 10}, {"access", "rwm"}}));
  r.options.device_cgroup_rules = {"x 1:1 rwm"};
  CHECK_THAT(r.refusal(), contains("device cgroup rule"));
}

TEST_CASE("a stop signal is the user's, the image's or SIGTERM") {
  request r;
  CHECK(r.build()->stop_signal == 15);
  r.image.stop_signal = "SIGQUIT";
  CHECK(r.build()->stop_signal == 3);
  r.options.stop_signal = "RTMIN+3";
  CHECK(r.build()->stop_signal == 37);
  r.options.stop_signal = "SIGNOPE";
  CHECK(r.refusal() == "invalid signal: SIGNOPE");
  CHECK(*spec::parse_signal("9") == 9);
  CHECK(*spec::parse_signal("hup") == 1);
  CHECK_FALSE(spec::parse_signal("0"));
  CHECK_FALSE(spec::parse_signal("65"));
}

TEST_CASE("every field is explained when asked") {
  request r;
  r.notes = spec::explanation::full;
  r.options.env = {"A=1"};
  r.options.cmd = {"x"};
  r.options.resources.memory = 64 << 20;
  const auto built = r.build();
  REQUIRE(built);
  const auto document = json::parse(built->config_json());
  std::map<std::string, std::string> origins;
  for (const auto& note : built->notes) {
    INFO(note.json_pointer);
    CHECK_NOTHROW(document.at(json::json_pointer(note.json_pointer)));
    CHECK_FALSE(note.why.empty());
    origins[note.json_pointer] = note.origin;
  }
  CHECK(origins["/process/args/0"] == "user");
  CHECK(origins["/linux/resources/memory"] == "user");
  CHECK(origins["/process/env/0"] == "engine");
}

TEST_CASE("containers with the same filter share its text") {
  request one, other, unconfined;
  other.options.cmd = {"x"};
  unconfined.options.security_opt = {"seccomp=unconfined"};
  const auto a = one.build(), b = other.build(), c = unconfined.build();
  REQUIRE((a && b && c));
  REQUIRE(a->seccomp_json);
  CHECK(a->seccomp_json == b->seccomp_json);
  CHECK_FALSE(c->seccomp_json);
  CHECK(json::parse(a->config_json())["linux"]["seccomp"] == json::parse(*a->seccomp_json));
  CHECK_FALSE(json::parse(c->config_json())["linux"].contains("seccomp"));
}

TEST_CASE("an exec's process derives from the container's") {
  request r;
  r.options.user = "www";
  const auto built = r.build();
  REQUIRE(built);
  CHECK(json::parse(*spec::process_of(built->config_json())) == json::parse(built->process_json));
  spec::exec_options exec;
  exec.args = {"id"};
  exec.env = {"X=1", "HOSTNAME"};
  exec.tty = true;
  const auto derive = [&] {
    auto text =
        spec::exec_process_json(built->process_json, exec, built->user, spec::merged_view({r.root.path}), r.facts);
    return text ? json::parse(*text) : json({{"error", text.error().message}});
  };
  auto process = derive();
  CHECK(process["user"]["uid"] == 33);
  CHECK(process["terminal"] == true);
  CHECK(has(process["env"], "TERM=xterm"));
  CHECK(has(process["env"], "X=1"));
  CHECK_FALSE(has(process["env"], "HOSTNAME=aaaaaaaaaaaa"));
  exec.user = "root";
  exec.working_dir = "/tmp/";
  process = derive();
  CHECK(process["cwd"] == "/tmp");
  CHECK(has(process["env"], "HOME=/root"));
  CHECK(process["capabilities"]["effective"].size() == 14);
  exec.privileged = true;
  CHECK(derive()["capabilities"]["effective"].size() == 41);
  exec.working_dir = "tmp";
  CHECK_THAT(derive()["error"].get<std::string>(), contains("absolute"));
  CHECK_FALSE(spec::process_of("{}"));
}

TEST_CASE("building is cheap", "[.bench]") {
  const request r;
  const auto input = r.input();
  constexpr int rounds = 50;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < rounds; ++i) REQUIRE(spec::build(input));
  const std::chrono::duration<double, std::micro> spent = std::chrono::steady_clock::now() - start;
  WARN("microseconds a document: " << spent.count() / rounds);
}
