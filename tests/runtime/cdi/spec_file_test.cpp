#include "runtime/cdi/spec_file.hpp"

#include "tests/catch.hpp"

using namespace gantry;
using namespace gantry::cdi;
using gantry::test::contains;

namespace {

/// A file with one device whose edits are these, as JSON.
std::string with_edits(const std::string& edits, const std::string& version = "1.0.0") {
  return R"({"cdiVersion":")" + version + R"(","kind":"v.com/c","devices":[{"name":"d","containerEdits":)" + edits +
         "}]}";
}

std::string refusal(const std::string& text, format how = format::json) {
  const auto read = read_spec(text, how);
  return read ? "read" : read.error().message;
}

constexpr auto whole_json = R"({
  "cdiVersion": "0.7.0", "kind": "vendor.com/gpu", "annotations": {"by": "hand"},
  "containerEdits": {"env": ["ALL=1"], "additionalGids": [44, 0]},
  "devices": [
    {"name": "0", "annotations": {}, "containerEdits": {
      "deviceNodes": [{"path": "/dev/gpu0", "hostPath": "/dev/null", "type": "c", "major": 1, "minor": 3, "fileMode": 416,
                       "permissions": "rw", "uid": 5, "gid": 6}, {"path": "/dev/other"}],
      "mounts": [{"hostPath": "/lib/x", "containerPath": "/usr/lib/x", "options": ["ro", "bind"]},
                 {"hostPath": "tmpfs", "containerPath": "/t", "type": "tmpfs"}],
      "hooks": [{"hookName": "createContainer", "path": "/bin/h", "args": ["h", "x"], "env": ["H=1"], "timeout": 3}]}},
    {"name": "none", "containerEdits": {"env": ["NONE=", "A=b=c"], "hooks": null}}]})";

constexpr auto whole_yaml = R"(---
# The same.
cdiVersion: 0.7.0
kind: "vendor.com/gpu"
annotations: {by: hand}
containerEdits:
  env: [ALL=1]
  additionalGids: [44, 0]
devices:
- name: 0
  annotations: {}
  containerEdits:
    deviceNodes:
    - {path: /dev/gpu0, hostPath: /dev/null, type: c, major: 0x1, minor: 3, fileMode: 0640, permissions: rw, uid: 5, gid: 6}
    - path: /dev/other
    mounts:
    - hostPath: /lib/x
      containerPath: /usr/lib/x
      options: [ro, bind]
    - hostPath: tmpfs
      containerPath: /t
      type: tmpfs
    hooks:
    - hookName: createContainer
      path: /bin/h
      args: [h, x]
      env: [H=1]
      timeout: 3
- name: none
  containerEdits:
    env: [NONE=, A=b=c]
    hooks: ~
)";

} // namespace

TEST_CASE("a file of CDI devices: each field arrives, from JSON and from YAML") {
  const auto yaml = GENERATE(false, true);
  const auto read = read_spec(yaml ? whole_yaml : whole_json, yaml ? format::yaml : format::json);
  INFO((read ? "" : read.error().message));
  REQUIRE(read);
  CHECK(read->kind == device_name{"vendor.com", "gpu", ""});
  CHECK(read->edits.env == std::vector<std::string>{"ALL=1"});
  CHECK(read->edits.additional_gids == std::vector<std::uint32_t>{44, 0});
  REQUIRE(read->devices.size() == 2);
  const auto& first = read->devices[0];
  CHECK(first.name == "0");
  REQUIRE(first.edits.device_nodes.size() == 2);
  CHECK(first.edits.device_nodes[0] == device_node{"/dev/gpu0", "/dev/null", "c", 1, 3, "rw", 0640, 5, 6});
  CHECK(first.edits.device_nodes[1] == device_node{"/dev/other", "", "", 0, 0, "", {}, {}, {}});
  REQUIRE(first.edits.mounts.size() == 2);
  CHECK(first.edits.mounts[0] == mount{"/lib/x", "/usr/lib/x", "", {"ro", "bind"}});
  CHECK(first.edits.mounts[1] == mount{"tmpfs", "/t", "tmpfs", {}});
  REQUIRE(first.edits.hooks.size() == 1);
  CHECK(first.edits.hooks[0] == hook{"createContainer", "/bin/h", {"h", "x"}, {"H=1"}, 3});
  CHECK(read->devices[1].edits.env == std::vector<std::string>{"NONE=", "A=b=c"});
}

TEST_CASE("a file of CDI devices that is not understood is refused, by the field") {
  CHECK_THAT(refusal("{"), contains("not JSON"));
  CHECK_THAT(refusal("a: [", format::yaml), contains("not YAML"));
  CHECK_THAT(refusal("", format::yaml), contains("object"));
  CHECK_THAT(refusal("[]"), contains("object"));
  CHECK_THAT(refusal(R"({"kind":"v.com/c"})"), contains("devices"));
  CHECK_THAT(refusal(R"({"cdiVersion":"1.0.0","devices":[]})"), contains("kind"));
  CHECK_THAT(refusal(R"({"cdiVersion":"1.0.0","kind":"v.com/c","devices":[]})"), contains("there is none"));
  CHECK_THAT(refusal(R"({"cdiVersion":"1.0.0","kind":"v.com/c","new":1})"), contains("\"new\""));
  CHECK_THAT(refusal(R"({"kind":"v.com/c","kind":"v.com/c"})"), contains("twice"));
  CHECK_THAT(refusal(with_edits("{}")), contains("no containerEdits"));
  CHECK_THAT(refusal(with_edits(R"({"netDevices":[]})")), contains("netDevices"));
  CHECK_THAT(refusal(with_edits(R"({"env":["=x"]})")), contains("devices: [0]: containerEdits: env"));
  CHECK_THAT(refusal(with_edits(R"({"env":[7]})")), contains("a string is expected"));
  CHECK_THAT(refusal(with_edits(R"({"env":["A=\u0000"]})")), contains("NUL"));
  CHECK_THAT(refusal(with_edits(R"({"deviceNodes":[{"path":"dev/x"}]})")), contains("path"));
  CHECK_THAT(refusal(with_edits(R"({"deviceNodes":[{"path":"/x","type":"bc"}]})")), contains("type"));
  CHECK_THAT(refusal(with_edits(R"({"deviceNodes":[{"path":"/x","major":-1}]})")), contains("major"));
  CHECK_THAT(refusal(with_edits(R"({"deviceNodes":[{"path":"/x","permissions":"rx"}]})")), contains("permissions"));
  CHECK_THAT(refusal(with_edits(R"({"deviceNodes":[{"path":"/x","fileMode":4096.5}]})")), contains("fileMode"));
  CHECK_THAT(refusal(with_edits(R"({"mounts":[{"containerPath":"/x"}]})")), contains("hostPath"));
  CHECK_THAT(refusal(with_edits(R"({"mounts":[{"hostPath":"/x","containerPath":"x"}]})")), contains("containerPath"));
  CHECK_THAT(refusal(with_edits(R"({"hooks":[{"hookName":"later","path":"/x"}]})")), contains("hookName"));
  CHECK_THAT(refusal(with_edits(R"({"hooks":[{"hookName":"poststop","path":"x"}]})")), contains("path"));
  CHECK_THAT(refusal(R"({"cdiVersion":"1.0.0","kind":"v.com/c","devices":[{"name":"d","containerEdits":{"env":["A=1"]}},
                        {"name":"d","containerEdits":{"env":["A=1"]}}]})"),
             contains("\"d\" is there twice"));
}

TEST_CASE("a file of CDI devices is held to the version that it says") {
  const std::string plain = R"({"env":["A=1"]})";
  for (const auto* version : {"0.3.0", "0.4.0", "0.5.0", "0.6.0", "0.7.0", "0.8.0", "1.0.0", "v0.6.0"})
    CHECK(refusal(with_edits(plain, version)) == "read");
  for (const auto* version : {"", "0.2.0", "0.3", "1.1.0", "2.0.0"})
    CHECK_THAT(refusal(with_edits(plain, version)), contains("cdiVersion"));
  CHECK_THAT(refusal(with_edits(R"({"mounts":[{"hostPath":"t","containerPath":"/t","type":"tmpfs"}]})", "0.3.0")),
             contains("0.4.0"));
  CHECK_THAT(refusal(with_edits(R"({"deviceNodes":[{"path":"/x","hostPath":"/y"}]})", "0.4.0")), contains("0.5.0"));
  CHECK_THAT(refusal(with_edits(R"({"additionalGids":[1]})", "0.6.0")), contains("0.7.0"));
  CHECK_THAT(refusal(with_edits(R"({"intelRdt":{"closID":"x"}})", "0.6.0")), contains("0.7.0"));
}

TEST_CASE("YAML that grows is refused, and so is what is too deep") {
  std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c <= 'i'; ++c) {
    bomb += fmt::format("{}: &{} [", c, c);
    for (int i = 0; i < 9; ++i) bomb += fmt::format("*{},", static_cast<char>(c - 1));
    bomb += "x]\n";
  }
  CHECK_THAT(refusal(bomb, format::yaml), contains("more than"));
  CHECK(refusal(std::string(100'000, '['), format::yaml) != "read");
  CHECK(refusal(std::string(100'000, '[')) != "read");
}
