#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "tests/catch.hpp"
#include "tests/runtime/spec/fixture.hpp"

// What CDI devices change of a container's document.

using namespace gantry;
using gantry::test::contains;
using gantry::test::has;
using gantry::test::json;
using gantry::test::request;
using gantry::test::violations;

namespace {

cdi::device_node node(std::string path, std::string host_path = {}) {
  cdi::device_node made;
  made.path = std::move(path);
  made.host_path = std::move(host_path);
  return made;
}

json with(const json& list, const std::string& field, const std::string& value) {
  for (const auto& one : list)
    if (one[field] == value) return one;
  return nullptr;
}

} // namespace

TEST_CASE("a CDI device's variables stand over the user's, in their place") {
  request r;
  r.options.env = {"A=user", "B=user"};
  r.edits.env = {"A=device", "C=device"};
  const auto built = r.build();
  REQUIRE(built);
  const auto env = json::parse(built->config_json())["process"]["env"];
  CHECK(has(env, "A=device"));
  CHECK(has(env, "C=device"));
  CHECK(has(env, "B=user"));
  CHECK_FALSE(has(env, "A=user"));
  CHECK(std::find(built->env.begin(), built->env.end(), "C=device") == built->env.end()); // what the user has is shown
}

TEST_CASE("a CDI device's groups join the user's, each once and never root's") {
  request r;
  r.options.user = "33:34";
  r.options.group_add = {"44"};
  r.edits.additional_gids = {44, 0, 107, 107};
  CHECK(r.document()["process"]["user"]["additionalGids"] == json({34, 44, 107}));
}

TEST_CASE("a CDI device's node has what is not said from the host's") {
  request r;
  r.edits.device_nodes = {node("/dev/x", "/dev/null"), node("/dev/zero")};
  r.edits.device_nodes[0].permissions = "r";
  const auto document = r.document();
  INFO(document.dump());
  CHECK(violations(document) == "");
  const auto& linux_part = document["linux"];
  const auto made = with(linux_part["devices"], "path", "/dev/x");
  CHECK(made["type"] == "c");
  CHECK(made["major"] == 1);
  CHECK(made["minor"] == 3);
  CHECK(made["fileMode"] == 0666);
  CHECK(has(linux_part["resources"]["devices"],
            {{"allow", true}, {"type", "c"}, {"major", 1}, {"minor", 3}, {"access", "r"}}));
  CHECK(has(linux_part["resources"]["devices"],
            {{"allow", true}, {"type", "c"}, {"major", 1}, {"minor", 5}, {"access", "rwm"}}));
}

TEST_CASE("a CDI device's node that says all needs none on the host, and takes the place of another") {
  request r;
  r.options.user = "1000:1001";
  r.options.devices = {{"/dev/null", "/dev/mine", "r"}};
  auto all = node("/dev/./mine");
  all.type = "b";
  all.major = 7, all.minor = 200;
  all.file_mode = 0600;
  auto owned = all;
  owned.path = "/dev/owned";
  owned.uid = 0, owned.gid = 5;
  r.edits.device_nodes = {all, owned};
  const auto devices = r.document()["linux"]["devices"];
  CHECK(devices.size() == 2);
  const auto mine = with(devices, "path", "/dev/mine");
  CHECK(mine["type"] == "b");
  CHECK(mine["fileMode"] == 0600);
  CHECK(mine["uid"] == 1000); // the container's user, where nobody is named
  CHECK(mine["gid"] == 1001);
  CHECK(with(devices, "path", "/dev/owned")["uid"] == 0);
  CHECK(with(devices, "path", "/dev/owned")["gid"] == 5);
}

TEST_CASE("a CDI device's node that the host does not have as it says is refused, by its path") {
  request r;
  r.edits.device_nodes = {node("/dev/no-such-device")};
  CHECK_THAT(r.refusal(), contains("/dev/no-such-device"));
  r.edits.device_nodes = {node("/dev/x", "/etc/passwd")};
  CHECK_THAT(r.refusal(), contains("it is no device"));
  r.edits.device_nodes = {node("/dev/null")};
  r.edits.device_nodes[0].type = "b";
  CHECK_THAT(r.refusal(), contains("its type is b"));
  r.edits.device_nodes[0].type = "u"; // another name of c
  CHECK(r.refusal() == "built");
}

TEST_CASE("a privileged container may use all devices, a CDI device's too") {
  request r;
  r.options.privileged = true;
  r.edits.device_nodes = {node("/dev/extra", "/dev/null")};
  const auto linux_part = r.document()["linux"];
  CHECK(with(linux_part["devices"], "path", "/dev/extra")["major"] == 1);
  CHECK(linux_part["resources"]["devices"] == json::array({{{"allow", true}, {"access", "rwm"}}}));
}

TEST_CASE("a CDI device's mounts stand over the user's, folders before what is in them") {
  request r;
  resolved_mount mine;
  mine.type = "bind";
  mine.source = "/mine";
  mine.target = "/a/b";
  r.mounts = {mine};
  r.edits.mounts = {
      {"/host/deep", "/a/b/c", "", {}}, {"/host", "/a/b", "none", {"bind", "ro"}}, {"t", "/t", "tmpfs", {"size=1m"}}};
  const auto document = r.document();
  CHECK(violations(document) == "");
  const auto& mounts = document["mounts"];
  CHECK(with(mounts, "destination", "/a/b")["source"] == "/host");
  CHECK(with(mounts, "destination", "/a/b")["type"] == "bind");
  CHECK(with(mounts, "destination", "/a/b")["options"] == json({"bind", "ro"}));
  CHECK(with(mounts, "destination", "/a/b/c")["options"] == json({"rbind"})); // a bind, though it says nothing
  CHECK(with(mounts, "destination", "/t")["type"] == "tmpfs");
  const auto at = [&](const char* target) {
    return std::find_if(mounts.begin(), mounts.end(), [&](const auto& one) { return one["destination"] == target; });
  };
  CHECK(at("/a/b") < at("/a/b/c"));
  r.edits.mounts = {{"relative", "/x", "", {}}};
  CHECK_THAT(r.refusal(), contains("relative"));
}

TEST_CASE("a CDI device's hooks are the document's") {
  request r;
  r.edits.hooks = {{"createContainer", "/bin/a", {"a", "b"}, {"X=1"}, 5},
                   {"poststop", "/bin/c", {}, {}, {}},
                   {"createContainer", "/bin/d", {}, {}, {}}};
  const auto document = r.document();
  CHECK(violations(document) == "");
  CHECK(document["hooks"]["createContainer"] ==
        json::array({{{"path", "/bin/a"}, {"args", {"a", "b"}}, {"env", json::array({"X=1"})}, {"timeout", 5}},
                     {{"path", "/bin/d"}}}));
  CHECK(document["hooks"]["poststop"] == json::array({{{"path", "/bin/c"}}}));
  r.edits.hooks.clear();
  CHECK_FALSE(r.document().contains("hooks"));
}
