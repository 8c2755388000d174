#include "tests/catch.hpp"

#include <algorithm>

#include "runtime/native/parse_plan.hpp"
#include "runtime/spec/mounts.hpp"
#include "tests/runtime/spec/fixture.hpp"

// What pods ask of a container's document, and Docker does not.

using namespace gantry;
using gantry::test::contains;
using gantry::test::has;
using gantry::test::json;
using gantry::test::mount_at;
using gantry::test::request;
using gantry::test::violations;
using numbers = std::vector<int>;

namespace {

resolved_mount image_of(std::vector<std::string> layers) {
  resolved_mount mount;
  mount.type = "image";
  mount.target = "/image";
  mount.read_only = true;
  mount.layers = std::move(layers);
  return mount;
}

} // namespace

TEST_CASE("a pod's primary group stands over the image's") {
  request r;
  r.options.user = "www";
  r.options.identity.group = 4000;
  r.options.group_add = {"77"};
  SECTION("without a policy the image's groups are out, as with a named group") {
    const auto user = r.document()["process"]["user"];
    CHECK(user["uid"] == 33);
    CHECK(user["gid"] == 4000);
    CHECK(user["additionalGids"] == json(numbers{4000, 77}));
  }
  SECTION("merged: those that list the user are in, also of a number") {
    r.options.identity.memberships = group_membership::always;
    CHECK(r.document()["process"]["user"]["additionalGids"] == json(numbers{4000, 50, 77}));
    r.options.user = "33:34";
    CHECK(r.document()["process"]["user"]["additionalGids"] == json(numbers{4000, 50, 77}));
    r.options.identity.group.reset();
    CHECK(r.document()["process"]["user"]["additionalGids"] == json(numbers{34, 50, 77}));
  }
  SECTION("strict: only what was asked for") {
    r.options.identity.memberships = group_membership::never;
    r.options.identity.group.reset();
    CHECK(r.document()["process"]["user"]["additionalGids"] == json(numbers{34, 77}));
  }
  SECTION("out of range") {
    r.options.identity.group = 4'000'000'000U;
    CHECK_THAT(r.refusal(), contains("group '4000000000' is out of range"));
  }
}

TEST_CASE("ambient capabilities are in every set that they need") {
  request r;
  r.options.user = "1000";
  r.options.cap_drop = {"ALL"};
  r.options.identity.ambient_caps = {"NET_BIND_SERVICE"};
  const auto document = r.document();
  CHECK(violations(document) == "");
  for (const auto* set : {"bounding", "effective", "permitted", "inheritable", "ambient"})
    CHECK(document["process"]["capabilities"][set] == json::array({"CAP_NET_BIND_SERVICE"}));
  r.options.user = "0";
  r.options.cap_drop.clear();
  const auto root = r.document()["process"]["capabilities"];
  CHECK(root["ambient"] == json::array({"CAP_NET_BIND_SERVICE"}));
  CHECK(root["effective"].size() == 14);
  // An exec in the container has them too.
  const auto built = r.build();
  spec::exec_options exec;
  exec.args = {"true"};
  const auto process =
      spec::exec_process_json(built->process_json, exec, built->user, spec::merged_view({r.root.path}), r.facts);
  REQUIRE(process);
  CHECK(json::parse(*process)["capabilities"]["ambient"] == json::array({"CAP_NET_BIND_SERVICE"}));
  r.options.identity.ambient_caps = {"NO_SUCH"};
  CHECK_THAT(r.refusal(), contains("unknown capability 'NO_SUCH'"));
  r.facts.capabilities = 1;
  r.options.identity.ambient_caps = {"SYS_ADMIN"};
  CHECK_THAT(r.refusal(), contains("CAP_SYS_ADMIN"));
}

TEST_CASE("a bind is read-only with all that is mounted below it") {
  request r;
  resolved_mount mount;
  mount.type = "bind";
  mount.source = "/srv";
  mount.target = "/data";
  mount.read_only = mount.recursive_read_only = true;
  r.mounts = {mount};
  const auto options = mount_at(r.document(), "/data")["options"];
  CHECK(has(options, "rbind"));
  CHECK(has(options, "rro"));
  CHECK_FALSE(has(options, "ro"));
  r.facts.kernel = {5, 10};
  CHECK_THAT(r.refusal(), contains("needs Linux 5.12"));
  r.facts.kernel = {6, 1};
  r.mounts[0].propagation = "rslave";
  CHECK_THAT(r.refusal(), contains("without propagation"));
  r.mounts[0].propagation.clear();
  r.mounts[0].read_only = false;
  CHECK_THAT(r.refusal(), contains("goes with read-only"));
}

TEST_CASE("users of a pod's own: the namespace that is joined, with its maps") {
  request r;
  CHECK_FALSE(r.document()["linux"].contains("uidMappings"));
  r.options.in_pod.uid_map = {{0, 100000, 65536}};
  r.options.in_pod.gid_map = {{0, 200000, 65536}};
  const auto document = r.document();
  CHECK(violations(document) == "");
  CHECK(document["linux"]["namespaces"][1]["type"] == "user");
  CHECK(document["linux"]["uidMappings"] == json::parse(R"([{"containerID":0,"hostID":100000,"size":65536}])"));
  CHECK(document["linux"]["gidMappings"] == json::parse(R"([{"containerID":0,"hostID":200000,"size":65536}])"));
  CHECK(has(mount_at(document, "/dev/pts")["options"], "gid=5"));
  r.options.in_pod.gid_map = {{0, 200000, 5}}; // no group tty
  CHECK_FALSE(has(mount_at(r.document(), "/dev/pts")["options"], "gid=5"));
  r.mounts = {image_of({"/layers/1"})};
  CHECK_THAT(r.refusal(), contains("users of its own"));
}

TEST_CASE("users of a pod's own keep what the host's mounts do not allow") {
  const auto* const mounts = "1 0 8:1 / / rw,relatime shared:1 - ext4 /dev/a rw\n"
                             "2 1 0:5 / /run rw,nosuid,nodev shared:2 - tmpfs tmpfs rw,noexec\n";
  CHECK(spec::kept_flags_of(mounts, "/srv/x").empty());
  CHECK(spec::kept_flags_of(mounts, "/run/x") == std::vector<std::string>{"nosuid", "nodev"});
  CHECK(spec::propagation_of(mounts, "/run/x") == "shared");
  request r;
  r.hosts = "/run/bundle/files/hosts";
  CHECK_FALSE(has(mount_at(r.document(), "/etc/hosts")["options"], "noexec"));
  r.options.in_pod.uid_map = r.options.in_pod.gid_map = {{0, 100000, 65536}};
  CHECK(has(mount_at(r.document(), "/etc/hosts")["options"], "noexec")); // an OCI runtime could not make it read-only
}

TEST_CASE("a bind with maps of IDs is bound from where the monitor mounts it so") {
  request r;
  r.options.in_pod.uid_map = r.options.in_pod.gid_map = {{0, 100000, 65536}};
  resolved_mount plain, mapped;
  plain.type = mapped.type = "bind";
  plain.source = mapped.source = "/srv";
  plain.target = "/plain", mapped.target = "/mapped";
  mapped.uid_map = mapped.gid_map = r.options.in_pod.uid_map;
  auto other = mapped;
  other.target = "/other";
  r.mounts = {mapped, plain, other};
  const auto document = r.document();
  CHECK(mount_at(document, "/mapped")["source"] == "/run/bundle/mapped/0");
  CHECK(mount_at(document, "/plain")["source"] == "/srv");
  CHECK(mount_at(document, "/other")["source"] == "/run/bundle/mapped/1");
  CHECK_FALSE(mount_at(document, "/mapped").contains("uidMappings")); // a runtime need not know of it
  r.mounts[0].propagation = "rshared";
  CHECK_THAT(r.refusal(), contains("propagation to the host"));
}

TEST_CASE("a part of a volume is bound from where the monitor mounts it") {
  request r;
  resolved_mount whole, part;
  whole.type = part.type = "volume";
  whole.source = part.source = "/volumes/data/_data";
  whole.target = "/whole", part.target = "/part", part.sub_path = "a/b";
  r.mounts = {whole, part};
  const auto document = r.document();
  CHECK(mount_at(document, "/whole")["source"] == "/volumes/data/_data");
  CHECK(mount_at(document, "/part")["source"] == "/run/bundle/mapped/0");
}

TEST_CASE("an image with maps of IDs is bound from where the monitor mounts its layers so") {
  request r;
  r.options.in_pod.pod.id = "p";
  r.options.in_pod.uid_map = r.options.in_pod.gid_map = {{0, 100000, 65536}};
  auto one = image_of({"/layers/1"}), two = image_of({"/layers/1", "/layers/2"});
  two.target = "/two";
  for (auto* each : {&one, &two}) each->uid_map = each->gid_map = r.options.in_pod.uid_map;
  r.mounts = {one, two};
  const auto document = r.document();
  CHECK(violations(document) == "");
  for (const auto* target : {"/image", "/two"}) {
    const auto mount = mount_at(document, target);
    CHECK(mount["type"] == "bind");
    for (const auto* option : {"ro", "noexec", "nosuid", "nodev"}) CHECK(has(mount["options"], option));
  }
  CHECK(mount_at(document, "/image")["source"] == "/run/bundle/mapped/0");
  CHECK(mount_at(document, "/two")["source"] == "/run/bundle/mapped/1");
}

TEST_CASE("an image's layers are mounted read-only") {
  request r;
  r.mounts = {image_of({"/layers/1"})};
  auto mount = mount_at(r.document(), "/image");
  CHECK(mount["type"] == "bind");
  CHECK(mount["source"] == "/layers/1");
  CHECK(has(mount["options"], "ro"));
  CHECK_FALSE(has(mount["options"], "noexec"));
  r.options.in_pod.pod.id = "p";
  CHECK(has(mount_at(r.document(), "/image")["options"], "noexec")); // Kubernetes' image volumes hold data
  r.mounts = {image_of({"/layers/1", "/layers/2", "/layers/a:b"})};
  const auto document = r.document();
  CHECK(violations(document) == "");
  mount = mount_at(document, "/image");
  CHECK(mount["type"] == "overlay");
  CHECK(has(mount["options"], "ro"));
  CHECK(has(mount["options"], "lowerdir=/layers/a\\:b:/layers/2:/layers/1"));
  r.mounts = {image_of({})};
  CHECK_THAT(r.refusal(), contains("has no layer"));
  std::vector<std::string> many;
  for (int i = 0; i < 400; ++i) many.push_back("/var/lib/gantry/layers/" + std::to_string(i));
  r.mounts = {image_of(many)};
  CHECK_THAT(r.refusal(), contains("400 layers"));
}

TEST_CASE("limits of huge pages go where the host has a controller for them") {
  request r;
  r.options.resources.hugepages = {{"2MB", 0}, {"1GB", 1 << 30}};
  auto built = r.build();
  REQUIRE(built);
  CHECK_FALSE(json::parse(built->config_json())["linux"]["resources"].contains("hugepageLimits"));
  REQUIRE(built->warnings.size() == 1);
  CHECK_THAT(built->warnings[0], contains("hugepage limits"));
  r.options.resources.hugepages[1].bytes = 0;
  CHECK(r.build()->warnings.empty());        // none may be used, and there are none
  r.facts.cgroups.controllers = {"hugetlb"}; // they are sorted
  const auto document = r.document();
  CHECK(violations(document) == "");
  CHECK(document["linux"]["resources"]["hugepageLimits"] ==
        json::parse(R"([{"pageSize":"2MB","limit":0},{"pageSize":"1GB","limit":0}])"));
  for (const auto* wrong : {"2M", "MB", "3MB", "2MB/..", ""}) {
    r.options.resources.hugepages = {{wrong, 0}};
    CHECK_THAT(r.refusal(), contains("invalid hugepage limit"));
  }
}

TEST_CASE("files of cgroup v2 are written as asked, those of its controllers") {
  request r;
  r.options.resources.unified = {{"memory.high", "1000000"}, {"io.max", "8:0 rbps=1"}};
  const auto document = r.document();
  CHECK(violations(document) == "");
  CHECK(document["linux"]["resources"]["unified"]["memory.high"] == "1000000");
  for (const auto* wrong : {"cgroup.procs", "cgroup.kill", "memory", "../memory.high", "memory.high/x", ".x"}) {
    r.options.resources.unified = {{wrong, "1"}};
    CHECK_THAT(r.refusal(), contains("not a controller's file"));
  }
  r.options.resources.unified = {{"memory.high", "1"}};
  r.facts.cgroups.how = cgroup::mode::v1;
  const auto built = r.build();
  REQUIRE(built);
  CHECK_FALSE(json::parse(built->config_json())["linux"]["resources"].contains("unified"));
  CHECK_THAT(built->warnings.at(0), contains("unified keys"));
}

TEST_CASE("the native launcher takes what pods ask, or says by name that it does not") {
  request r;
  r.options.user = "1000";
  r.options.identity.ambient_caps = {"NET_BIND_SERVICE"};
  r.facts.cgroups.controllers = {"hugetlb"}; // they are sorted
  r.options.resources.hugepages = {{"2MB", 1 << 21}};
  r.options.resources.unified = {{"memory.high", "1000000"}};
  resolved_mount bind;
  bind.type = "bind";
  bind.source = "/srv";
  bind.target = "/data";
  bind.read_only = bind.recursive_read_only = true;
  r.mounts = {bind, image_of({"/layers/1", "/layers/2"})};
  auto plan = native::parse_plan(r.build()->config_json());
  INFO((plan ? "" : plan.error().message));
  CHECK(plan);
  std::vector<std::string> many;
  for (int i = 0; i < 20; ++i) many.push_back("/var/lib/gantry/layers/" + std::to_string(i));
  r.mounts = {image_of(many)};
  plan = native::parse_plan(r.build()->config_json());
  CHECK((plan || native::is_unsupported(plan.error()))); // as the kernel that this runs on can
  many.push_back("/" + std::string(255, 'x'));
  r.mounts = {image_of(many)};
  plan = native::parse_plan(r.build()->config_json());
  REQUIRE_FALSE(plan);
  CHECK(native::is_unsupported(plan.error()));
  CHECK_THAT(plan.error().message, contains("a mount option over 255 bytes"));
}
