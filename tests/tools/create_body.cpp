#include "tests/catch.hpp"
#include "tools/gantry/line/arguments.hpp"
#include "tools/gantry/options/create_options.hpp"
#include "tools/gantry/options/syntax.hpp"

using namespace gantry;
using namespace gantry::cli;

namespace {

surroundings fake() {
  surroundings around;
  around.variable = [](const std::string& name) -> std::optional<std::string> {
    return name == "SET" ? std::optional<std::string>("from-env") : std::nullopt;
  };
  around.file = [](const std::string& path) -> result<std::string> {
    if (path == "vars") return "\xef\xbb\xbf# comment\n\n  A=1 2\r\nSET\nUNSET\n";
    if (path == "bad") return "A B=1\n";
    if (path == "labels") return "x=1\ny\n";
    if (path == "profile.json") return "{ \"defaultAction\" : \"SCMP_ACT_ALLOW\" }";
    return fail(errc::not_found, "open {}: No such file or directory", path);
  };
  around.folder = "/home/me";
  return around;
}

/// The body of a command line as `run` takes it: options, image, command.
result<json> body_of(const strings& line) {
  create_options options;
  option_set declared{std::string()};
  declare_create_options(declared, options);
  GANTRY_LET(auto split, split_arguments(declared, line, verb::order::options_first));
  GANTRY_TRY(declared.parse(split.options));
  return create_body(options, split.operands.at(0), {split.operands.begin() + 1, split.operands.end()}, fake());
}

json good(const strings& line) {
  auto body = body_of(line);
  INFO((body ? "" : body.error().message));
  REQUIRE(body);
  return *body;
}

std::string refusal(const strings& line) {
  auto body = body_of(line);
  REQUIRE_FALSE(body);
  return body.error().message;
}

json parsed(const char* text) { return json::parse(text); }

} // namespace

TEST_CASE("what follows the image belongs to the command") {
  auto body = good({"-it", "--rm", "alpine", "sh", "-c", "echo -- $0", "--rm"});
  CHECK(body["Image"] == "alpine");
  CHECK(body["Cmd"] == parsed(R"(["sh", "-c", "echo -- $0", "--rm"])"));
  CHECK(body["Tty"] == true);
  CHECK(body["OpenStdin"] == true);
  CHECK(body["StdinOnce"] == true);
  CHECK(body["HostConfig"]["AutoRemove"] == true);
}

TEST_CASE("options take their values in every form of docker's client") {
  CHECK(good({"-eA=1", "-e=B=2", "-e", "C=3", "--env=D=4", "--env", "E=", "x"})["Env"] ==
        parsed(R"(["A=1", "B=2", "C=3", "D=4", "E="])"));
  CHECK(good({"--entrypoint=", "x"})["Entrypoint"] == parsed(R"([""])"));
  CHECK(good({"--entrypoint", "", "x", "y"})["Entrypoint"] == parsed(R"([""])"));
  CHECK(good({"--entrypoint=/bin/sh", "x"})["Entrypoint"] == parsed(R"(["/bin/sh"])"));
  CHECK_FALSE(good({"x"}).contains("Entrypoint"));
  CHECK(good({"--tty=false", "-i=true", "x"})["Tty"] == false);
  CHECK(good({"--oom-score-adj", "-500", "x"})["HostConfig"]["OomScoreAdj"] == -500);
  CHECK(good({"--name", "a", "--name", "b", "x"})["Image"] == "x");
}

TEST_CASE("--device takes paths, and CDI devices by their names") {
  const auto host = good({"--device", "v.com/c=a", "--device", "/dev/fuse", "--device=v.com/c=b", "x"})["HostConfig"];
  CHECK(host["DeviceRequests"] == parsed(R"([{"Driver": "cdi", "DeviceIDs": ["v.com/c=a", "v.com/c=b"]}])"));
  CHECK(host["Devices"].size() == 1);
  CHECK_FALSE(good({"--device", "/dev/fuse", "x"})["HostConfig"].contains("DeviceRequests"));
  CHECK_THAT(refusal({"--device", "v.com/c", "x"}), test::contains("must be absolute"));
}

TEST_CASE("--mount type=image names an image, and a part of it") {
  CHECK(good({"--mount", "type=image,src=data:1,dst=/d,image-subpath=a/b", "x"})["HostConfig"]["Mounts"] ==
        parsed(R"([{"Type": "image", "Source": "data:1", "Target": "/d", "ImageOptions": {"Subpath": "a/b"}}])"));
  CHECK_THAT(refusal({"--mount", "type=image,dst=/d", "x"}), test::contains("image's name"));
  CHECK_THAT(refusal({"--mount", "type=bind,src=/s,dst=/d,image-subpath=a", "x"}), test::contains("for images alone"));
  CHECK_THAT(refusal({"--mount", "type=image,src=x,dst=/d,image-nonsense=a", "x"}), test::contains("not known"));
}

TEST_CASE("an option that is not known is refused") {
  CHECK_THAT(refusal({"--bogus", "x"}), test::contains("unknown flag: --bogus"));
  CHECK_THAT(refusal({"-Z", "x"}), test::contains("unknown flag: -Z"));
  CHECK_THAT(refusal({"-e"}), test::contains("-e needs a value"));
  CHECK_FALSE(body_of({"--cpu-shares", "many", "x"}));
  CHECK_FALSE(body_of({"--pull", "often", "x"}));
}

TEST_CASE("the environment comes from files, then options, and hands on what is set") {
  CHECK(good({"-e", "SET", "-e", "UNSET", "--env-file", "vars", "x"})["Env"] ==
        parsed(R"(["A=1 2", "SET=from-env", "SET=from-env", "UNSET"])"));
  CHECK_THAT(refusal({"--env-file", "bad", "x"}), test::contains("blank in its name"));
  CHECK_THAT(refusal({"--env-file", "none", "x"}), test::contains("No such file"));
  CHECK_THAT(refusal({"-e", "=x", "x"}), test::contains("NAME=VALUE"));
}

TEST_CASE("labels of options win over labels of files") {
  auto body = good({"--label-file", "labels", "-l", "x=2", "--label", "z", "x"});
  CHECK(body["Labels"] == parsed(R"({"x": "2", "y": "", "z": ""})"));
}

TEST_CASE("-v makes binds and anonymous volumes") {
  auto body = good({"-v", "/a:/b:ro", "-v", "data:/d", "-v", "./src/../x:/s", "-v", "/anon", "x"});
  CHECK(body["HostConfig"]["Binds"] == parsed(R"(["/a:/b:ro", "data:/d", "/home/me/x:/s"])"));
  CHECK(body["Volumes"] == parsed(R"({"/anon": {}})"));
  for (const auto* bad : {"", "a:b", "/a:/b:ro:x", "/a:/", "relative", ":/b", "/a:"})
    CHECK_FALSE(body_of({"-v", bad, "x"}));
}

TEST_CASE("--mount reads docker's comma-separated fields") {
  auto mounts = good({"--mount", "type=bind,src=/a,dst=/b,readonly,bind-propagation=rslave", "--mount",
                      "type=tmpfs,target=/t,tmpfs-size=64m,tmpfs-mode=1777", "--mount",
                      "source=v,target=/v,volume-nocopy,\"volume-label=a=1,2\",ro=false", "x"})["HostConfig"]["Mounts"];
  CHECK(
      mounts[0] ==
      parsed(R"({"Type":"bind","Source":"/a","Target":"/b","ReadOnly":true,"BindOptions":{"Propagation":"rslave"}})"));
  CHECK(mounts[1] == parsed(R"({"Type":"tmpfs","Target":"/t","TmpfsOptions":{"SizeBytes":67108864,"Mode":1023}})"));
  CHECK(
      mounts[2] ==
      parsed(
          R"({"Type":"volume","Source":"v","Target":"/v","ReadOnly":false,"VolumeOptions":{"NoCopy":true,"Labels":{"a":"1,2"}}})"));
}

TEST_CASE("--mount names a part of a volume") {
  CHECK(good({"--mount", "src=v,dst=/v,volume-subpath=a/b", "x"})["HostConfig"]["Mounts"][0]["VolumeOptions"] ==
        parsed(R"({"Subpath":"a/b"})"));
}

TEST_CASE("--mount refuses what does not fit together") {
  for (const auto* bad :
       {"type=bind,src=/a", "type=bind,dst=/b", "type=nfs,src=/a,dst=/b", "src=v,dst=/v,tmpfs-size=1m", "dst",
        "type=tmpfs,src=/a,dst=/b", "type=bind,src=/a,dst=/b,colour=red", "type=tmpfs,dst=/t,tmpfs-mode=9",
        "type=bind,src=/a,dst=/b,ro=maybe", "type=bind,src=/a,\"dst=/b"})
    CHECK_FALSE(body_of({"--mount", bad, "x"}));
}

TEST_CASE("-p takes addresses, ranges and protocols") {
  auto body =
      good({"-p", "80", "-p", "8080:81/udp", "-p", "127.0.0.1:82:82", "-p", "[::1]::83", "-p", "9000-9001:84-85", "x"});
  CHECK(body["HostConfig"]["PortBindings"] == parsed(R"({
    "80/tcp": [{"HostIp": "", "HostPort": ""}], "81/udp": [{"HostIp": "", "HostPort": "8080"}],
    "82/tcp": [{"HostIp": "127.0.0.1", "HostPort": "82"}], "83/tcp": [{"HostIp": "::1", "HostPort": ""}],
    "84/tcp": [{"HostIp": "", "HostPort": "9000"}], "85/tcp": [{"HostIp": "", "HostPort": "9001"}]})"));
  CHECK(body["ExposedPorts"].size() == 6);
  CHECK(good({"-p", "8000-8009:80", "x"})["HostConfig"]["PortBindings"]["80/tcp"][0]["HostPort"] == "8000-8009");
  CHECK(good({"--expose", "5000-5002/udp", "x"})["ExposedPorts"] ==
        parsed(R"({"5000/udp":{},"5001/udp":{},"5002/udp":{}})"));
}

TEST_CASE("-p refuses what is no port") {
  for (const auto* bad : {"", "0", "http", "70000", "80:81:82", "1-2:1-3", "80/icmp", "9-8", "x:80:80", "-1:80"})
    CHECK_FALSE(body_of({"-p", bad, "x"}));
  CHECK_THAT(refusal({"-p", "1-2:1-3", "x"}), test::contains("differ in length"));
}

TEST_CASE("limits are in the API's units") {
  auto host = good({"-m", "512m", "--memory-swap", "-1", "--cpus", "1.5", "--shm-size", "1g", "--pids-limit", "-1",
                    "--ulimit", "nofile=1024:2048", "--ulimit", "core=0", "x"})["HostConfig"];
  CHECK(host["Memory"] == 536870912);
  CHECK(host["MemorySwap"] == -1);
  CHECK(host["NanoCpus"] == 1500000000);
  CHECK(host["ShmSize"] == 1073741824);
  CHECK(host["PidsLimit"] == -1);
  CHECK(host["Ulimits"] == parsed(R"([{"Name":"nofile","Hard":2048,"Soft":1024},{"Name":"core","Hard":0,"Soft":0}])"));
  for (const auto* bad : {"nofile", "nofile=", "nofile=2:1", "files=1", "nofile=a:b"})
    CHECK_FALSE(body_of({"--ulimit", bad, "x"}));
  CHECK_FALSE(body_of({"-m", "-1", "x"}));
  CHECK_FALSE(body_of({"--cpus", "0.0000000001", "x"}));
}

TEST_CASE("a seccomp profile is read by the client") {
  auto options = good({"--security-opt", "seccomp=profile.json", "--security-opt", "no-new-privileges",
                       "--security-opt", "seccomp:unconfined", "x"})["HostConfig"]["SecurityOpt"];
  CHECK(options ==
        parsed(R"(["seccomp={\"defaultAction\":\"SCMP_ACT_ALLOW\"}", "no-new-privileges", "seccomp=unconfined"])"));
  CHECK_THAT(refusal({"--security-opt", "seccomp=vars", "x"}), test::contains("not JSON"));
}

TEST_CASE("restart policies, devices, health checks and the rest") {
  CHECK(good({"--restart", "on-failure:3", "x"})["HostConfig"]["RestartPolicy"] ==
        parsed(R"({"Name":"on-failure","MaximumRetryCount":3})"));
  CHECK_FALSE(body_of({"--restart", "always:3", "x"}));
  CHECK_THAT(refusal({"--rm", "--restart", "always", "x"}), test::contains("--rm conflicts"));
  CHECK(good({"--device", "/dev/a:rw", "x"})["HostConfig"]["Devices"][0] ==
        parsed(R"({"PathOnHost":"/dev/a","PathInContainer":"/dev/a","CgroupPermissions":"rw"})"));
  CHECK(good({"--tmpfs", "/t:size=1m", "x"})["HostConfig"]["Tmpfs"] == parsed(R"({"/t":"size=1m"})"));
  auto health =
      good({"--health-cmd", "true", "--health-interval", "1m30s", "--health-retries", "2", "x"})["Healthcheck"];
  CHECK(health == parsed(R"({"Test":["CMD-SHELL","true"],"Interval":90000000000,"Retries":2})"));
  CHECK(good({"--no-healthcheck", "x"})["Healthcheck"]["Test"] == parsed(R"(["NONE"])"));
  CHECK_FALSE(body_of({"--no-healthcheck", "--health-cmd", "true", "x"}));
  CHECK(good({"-a", "stdout", "-i", "x"})["AttachStdin"] == false);
  CHECK_FALSE(body_of({"-a", "stdlog", "x"}));
}

TEST_CASE("networks: the first is the mode, and what is asked of each goes to its endpoint") {
  CHECK(good({"x"})["HostConfig"]["NetworkMode"] == "default");
  CHECK_FALSE(good({"x"}).contains("NetworkingConfig"));
  auto body = good({"--network", "front", "--network", "name=back,alias=db,ip=10.5.0.7,mac-address=02:42:ac:11:00:02",
                    "--network-alias", "web", "--ip", "10.4.0.7", "x"});
  CHECK(body["HostConfig"]["NetworkMode"] == "front");
  CHECK(to_line(body["NetworkingConfig"]["EndpointsConfig"]) ==
        R"({"front":{"Aliases":["web"],"IPAMConfig":{"IPv4Address":"10.4.0.7"}},)"
        R"("back":{"Aliases":["db"],"MacAddress":"02:42:ac:11:00:02","IPAMConfig":{"IPv4Address":"10.5.0.7"}}})");
  CHECK_THAT(refusal({"--net", "a", "--net", "a", "x"}), gantry::test::contains("specified multiple times"));
  CHECK_THAT(refusal({"--net", "alias=b", "x"}), gantry::test::contains("not specified"));
  CHECK_THAT(refusal({"--net", "name=a,speed=1", "x"}), gantry::test::contains("invalid field speed"));
}

TEST_CASE("block devices have weights and rates") {
  auto host = good({"--device-read-bps", "/dev/sda:1mb", "--device-write-iops", "/dev/sda:100", "x"})["HostConfig"];
  CHECK(to_line(host["BlkioDeviceReadBps"]) == R"([{"Path":"/dev/sda","Rate":1048576}])");
  CHECK(to_line(host["BlkioDeviceWriteIOps"]) == R"([{"Path":"/dev/sda","Rate":100}])");
  CHECK_THAT(refusal({"--device-read-bps", "/dev/sda", "x"}), gantry::test::contains("DEVICE:SIZE"));
}
