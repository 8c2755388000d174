#include <algorithm>

#include "api/docker/parse/create_body.hpp"
#include "api/docker/parse/exec_body.hpp"
#include "api/docker/render/container.hpp"
#include "tests/catch.hpp"

using namespace gantry;
using namespace gantry::docker;

namespace {

std::string refusal(std::string_view json) {
  auto parsed = parse_create_body(json);
  return parsed ? "" : parsed.error().message;
}

container_options accepted(std::string_view json) {
  auto parsed = parse_create_body(json);
  INFO((parsed ? "" : parsed.error().message));
  REQUIRE(parsed);
  return *parsed;
}

} // namespace

TEST_CASE("what docker run sends for a plain command is understood") {
  auto options = accepted(R"({"Hostname":"","Domainname":"","User":"","AttachStdin":false,"AttachStdout":true,
    "AttachStderr":true,"Tty":false,"OpenStdin":false,"StdinOnce":false,"Env":["A=b"],"Cmd":["echo","hi"],
    "Image":"alpine","Volumes":{},"WorkingDir":"","Entrypoint":null,"OnBuild":null,"Labels":{"x":"y"},
    "HostConfig":{"Binds":null,"ContainerIDFile":"","LogConfig":{"Type":"","Config":{}},"NetworkMode":"default",
    "PortBindings":{},"RestartPolicy":{"Name":"no","MaximumRetryCount":0},"AutoRemove":true,"VolumeDriver":"",
    "VolumesFrom":null,"ConsoleSize":[24,80],"CapAdd":null,"CapDrop":null,"CgroupnsMode":"","Dns":[],"DnsOptions":[],
    "DnsSearch":[],"ExtraHosts":null,"GroupAdd":null,"IpcMode":"","Cgroup":"","Links":null,"OomScoreAdj":0,"PidMode":"",
    "Privileged":false,"PublishAllPorts":false,"ReadonlyRootfs":false,"SecurityOpt":null,"UTSMode":"","UsernsMode":"",
    "ShmSize":0,"Isolation":"","CpuShares":0,"Memory":0,"NanoCpus":0,"CgroupParent":"","BlkioWeight":0,
    "BlkioWeightDevice":[],"BlkioDeviceReadBps":[],"BlkioDeviceWriteBps":[],"BlkioDeviceReadIOps":[],
    "BlkioDeviceWriteIOps":[],"CpuPeriod":0,"CpuQuota":0,"CpuRealtimePeriod":0,"CpuRealtimeRuntime":0,"CpusetCpus":"",
    "CpusetMems":"","Devices":[],"DeviceCgroupRules":null,"DeviceRequests":null,"MemoryReservation":0,"MemorySwap":0,
    "MemorySwappiness":-1,"OomKillDisable":false,"PidsLimit":0,"Ulimits":[],"CpuCount":0,"CpuPercent":0,
    "IOMaximumIOps":0,"IOMaximumBandwidth":0,"MaskedPaths":null,"ReadonlyPaths":null},
    "NetworkingConfig":{"EndpointsConfig":{"default":{"IPAMConfig":null,"Links":null,"Aliases":null,"MacAddress":""}}}})");
  CHECK(options.image == "alpine");
  CHECK(options.cmd == std::vector<std::string>{"echo", "hi"});
  CHECK_FALSE(options.entrypoint);
  CHECK(options.auto_remove);
  CHECK(options.network_mode == "bridge");
  CHECK(options.shm_size == 64 << 20);
  CHECK_FALSE(options.masked_paths);
  CHECK_FALSE(options.resources.memory_swappiness);
}

TEST_CASE("an empty entrypoint is none, and one string is a list of one") {
  CHECK(accepted(R"({"Image":"x","Entrypoint":[""]})").entrypoint->empty());
  CHECK(accepted(R"({"Image":"x","Entrypoint":[]})").entrypoint->empty());
  CHECK(accepted(R"({"Image":"x","Entrypoint":"/bin/sh"})").entrypoint == std::vector<std::string>{"/bin/sh"});
}

TEST_CASE("a wrong type, no JSON or no image is refused with what is wrong") {
  CHECK_THAT(refusal(R"({"Image":7})"), test::contains("\"Image\" is not a string"));
  CHECK_THAT(refusal(R"({"Image":"x","HostConfig":[]})"), test::contains("HostConfig"));
  CHECK_THAT(refusal(R"({"Image":"x","Env":["A",1]})"), test::contains("Env"));
  CHECK_THAT(refusal("{"), test::contains("invalid JSON"));
  CHECK_THAT(refusal("{}"), test::contains("no image"));
  CHECK_THAT(refusal(std::string(100'000, '[')), test::contains("invalid JSON"));
}

TEST_CASE("what is not supported is refused by name, unless it asks for nothing") {
  CHECK_THAT(refusal(R"({"Image":"x","HostConfig":{"Links":["y"]}})"), test::contains("HostConfig.Links"));
  CHECK_THAT(refusal(R"({"Image":"x","NetworkDisabled":true})"), test::contains("NetworkDisabled"));
  CHECK_THAT(refusal(R"({"Image":"x","Shell":["bash"]})"), test::contains("Shell"));
  CHECK_THAT(refusal(R"({"Image":"x","HostConfig":{"DeviceRequests":[{"Count":-1}]}})"),
             test::contains("DeviceRequests"));
  CHECK_THAT(refusal(R"({"Image":"x","HostConfig":{"LogConfig":{"Type":"syslog"}}})"),
             test::contains("no log driver named"));
  CHECK_THAT(refusal(R"({"Image":"x","HostConfig":{"StorageOpt":{"size":"1g"}}})"), test::contains("\"size\""));
  CHECK_THAT(refusal(R"({"Image":"x","HostConfig":{"StorageOpt":{"memory":"4k"}}})"), test::contains("1m or more"));
  CHECK_THAT(refusal(R"({"Image":"x","HostConfig":{"StorageOpt":{"memory":"4m"},"ReadonlyRootfs":true}})"),
             test::contains("read-only"));
  CHECK_THAT(refusal(R"({"Image":"x","HostConfig":{"Isolation":"hyperv"}})"),
             test::contains("invalid isolation (hyperv): linux only supports 'default'"));
  CHECK_THAT(refusal(R"({"Image":"x","HostConfig":{"VolumeDriver":"nfs"}})"), test::contains("\"nfs\""));
  CHECK(refusal(R"({"Image":"x","HostConfig":{"Isolation":"Default"}})").empty());
  CHECK(refusal(R"({"Image":"x","HostConfig":{"VolumesFrom":[],"StorageOpt":{},"VolumeDriver":"local"}})").empty());
}

TEST_CASE("CDI devices are asked for by the driver \"cdi\", each once, and shown as they were") {
  const auto options = accepted(R"({"Image":"x","HostConfig":{"DeviceRequests":[
    {"Driver":"cdi","Count":0,"DeviceIDs":["v.com/c=a","v.com/c=b"],"Capabilities":null,"Options":null},
    {"Driver":"cdi","DeviceIDs":["v.com/c=a"],"Capabilities":[["gpu"]]}]}})");
  CHECK(options.cdi_devices == std::vector<std::string>{"v.com/c=a", "v.com/c=b"});
  const auto shown = host_config(options)["DeviceRequests"];
  REQUIRE(shown.size() == 1);
  CHECK(shown[0]["Driver"] == "cdi");
  CHECK(shown[0]["DeviceIDs"] == options.cdi_devices);
  CHECK(host_config(accepted(R"({"Image":"x"})"))["DeviceRequests"].is_null());
  const auto requests = [](const std::string& one) {
    return refusal(R"({"Image":"x","HostConfig":{"DeviceRequests":[)" + one + "]}}");
  };
  CHECK_THAT(requests(R"({"Driver":"nvidia","Count":1})"), test::contains("could not select device driver \"nvidia\""));
  CHECK_THAT(requests(R"({"Driver":"cdi","Count":1})"), test::contains("unexpected count"));
  CHECK_THAT(requests(R"({"Driver":"cdi","Options":{"a":"b"}})"), test::contains("unexpected options"));
  CHECK_THAT(requests(R"({"Driver":"cdi","DeviceIDs":["gpu0"]})"), test::contains("\"gpu0\""));
  CHECK_THAT(requests("7"), test::contains("DeviceRequests"));
}

TEST_CASE("images are mounted read-only, whole or in part, and shown as they were asked for") {
  const auto options = accepted(R"({"Image":"x","HostConfig":{"Mounts":[
    {"Type":"image","Source":"data:1","Target":"/all"},
    {"Type":"image","Source":"data:1","Target":"/part","ImageOptions":{"Subpath":"a/b"}}]}})");
  REQUIRE(options.mounts.size() == 2);
  CHECK(options.mounts[0].type == mount_request::kind::image);
  CHECK(options.mounts[0].source == "data:1");
  CHECK(options.mounts[0].read_only);
  CHECK(options.mounts[1].sub_path == "a/b");
  const auto shown = host_config(options);
  CHECK(shown["Binds"].is_null());
  CHECK(shown["Mounts"][1] == json{{"Type", "image"},
                                   {"Source", "data:1"},
                                   {"Target", "/part"},
                                   {"ReadOnly", true},
                                   {"ImageOptions", {{"Subpath", "a/b"}}}});
  const auto mount = [](const std::string& one) {
    return refusal(R"({"Image":"x","HostConfig":{"Mounts":[)" + one + "]}}");
  };
  CHECK_THAT(mount(R"({"Type":"image","Target":"/t"})"), test::contains("Source must not be empty"));
  CHECK_THAT(mount(R"({"Type":"image","Source":"x","Target":"/t","ImageOptions":{"Subpath":"../up"}})"),
             test::contains("Subpath"));
  CHECK_THAT(mount(R"({"Type":"cluster","Source":"x","Target":"/t"})"), test::contains("image"));
}

TEST_CASE("isolation and the volumes' driver are shown as they were asked for") {
  const auto shown =
      host_config(accepted(R"({"Image":"x","HostConfig":{"Isolation":"default","VolumeDriver":"local"}})"));
  CHECK(shown["Isolation"] == "default");
  CHECK(shown["VolumeDriver"] == "local");
  const auto bare = host_config(accepted(R"({"Image":"x"})"));
  CHECK(bare["Isolation"] == "");
  CHECK(bare["VolumeDriver"] == "");
}

TEST_CASE("a part of a volume is shown as it was asked for, and refused where it leads out by its words") {
  const auto body = [](const std::string& source, const std::string& part) {
    return R"({"Image":"x","HostConfig":{"Mounts":[{"Type":"volume","Source":")" + source +
           R"(","Target":"/t","VolumeOptions":{"Subpath":")" + part + R"("}}]}})";
  };
  const auto options = accepted(body("data", "a/../b"));
  CHECK(options.mounts.at(0).sub_path == "a/../b");
  const auto shown = host_config(options);
  CHECK(shown["Binds"].is_null());
  CHECK(shown["Mounts"][0]["VolumeOptions"]["Subpath"] == "a/../b");
  for (const auto* bad : {"/", "/a", "..", "../a", "a/../..", "./.."}) {
    INFO(bad);
    CHECK_THAT(refusal(body("data", bad)), test::contains("subpath must be a relative path within the volume"));
  }
  CHECK_THAT(refusal(body("", "a")), test::contains("must not set Subpath when using anonymous volumes"));
}

TEST_CASE("binds, volumes and tmpfs become mounts") {
  auto mounts = accepted(R"({"Image":"x","Volumes":{"/anon":{},"/data":{}},"HostConfig":{
    "Binds":["/host:/in:ro,rslave","vol:/data","/only"],"Tmpfs":{"/t":"size=1m"},
    "Mounts":[{"Type":"bind","Source":"/s","Target":"/m"},{"Type":"tmpfs","Target":"/tt","TmpfsOptions":{"SizeBytes":4096,"Mode":448}}]}})")
                    .mounts;
  REQUIRE(mounts.size() == 7); // /data is the named volume's
  auto at = [&](std::string_view target) {
    auto found = std::find_if(mounts.begin(), mounts.end(), [&](const auto& m) { return m.target == target; });
    REQUIRE(found != mounts.end());
    return *found;
  };
  CHECK(at("/in").read_only);
  CHECK(at("/in").propagation == "rslave");
  CHECK(at("/in").create_source);
  CHECK(at("/data").source == "vol");
  CHECK_FALSE(at("/data").from_image);
  CHECK(at("/only").from_image);
  CHECK(at("/anon").from_image);
  CHECK(at("/t").tmpfs_options == "size=1m");
  CHECK_FALSE(at("/m").create_source);
  CHECK(at("/tt").tmpfs_size == 4096);
  CHECK(at("/tt").tmpfs_options == "mode=700");
}

TEST_CASE("mounts that cannot be are refused") {
  CHECK_THAT(refusal(R"({"Image":"x","HostConfig":{"Binds":["/a:b"]}})"), test::contains("must be absolute"));
  CHECK_THAT(refusal(R"({"Image":"x","HostConfig":{"Binds":["/a:/"]}})"), test::contains("can't be '/'"));
  CHECK_THAT(refusal(R"({"Image":"x","HostConfig":{"Binds":["/a:/b","/c:/b"]}})"),
             test::contains("Duplicate mount point: /b"));
  CHECK_THAT(refusal(R"({"Image":"x","HostConfig":{"Binds":["a/b:/c"]}})"), test::contains("invalid characters"));
  CHECK_THAT(refusal(R"({"Image":"x","HostConfig":{"Mounts":[{"Type":"npipe","Target":"/x"}]}})"),
             test::contains("mount type"));
  CHECK_THAT(refusal(R"({"Image":"x","HostConfig":{"Binds":["/a:/b:rx"]}})"), test::contains("unknown mode"));
}

TEST_CASE("published ports are read, and nonsense refused") {
  auto ports = accepted(R"({"Image":"x","ExposedPorts":{"80/tcp":{}},"HostConfig":{"PortBindings":{
    "80/tcp":[{"HostIp":"127.0.0.1","HostPort":"8080"},{"HostPort":""}],"53/udp":null}}})")
                   .ports;
  REQUIRE(ports.size() == 2);
  CHECK(ports[0].host_ip == "127.0.0.1");
  CHECK(ports[0].host_port == 8080);
  CHECK(ports[1].host_port == 0);
  CHECK_THAT(refusal(R"({"Image":"x","HostConfig":{"PortBindings":{"70000/tcp":[{}]}}})"),
             test::contains("invalid port"));
  CHECK_THAT(refusal(R"({"Image":"x","HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"x"}]}}})"),
             test::contains("invalid port"));
  CHECK_THAT(refusal(R"({"Image":"x","HostConfig":{"PortBindings":{"80/foo":[{}]}}})"), test::contains("invalid port"));
  CHECK_THAT(refusal(R"({"Image":"x","HostConfig":{"PortBindings":{"80/tcp":[{"HostIp":"nowhere"}]}}})"),
             test::contains("invalid HostIp \"nowhere\""));
  CHECK(accepted(R"({"Image":"x","HostConfig":{"PortBindings":{"80/tcp":[{"HostIp":"::"}]}}})").ports.size() == 1);
  CHECK(accepted(R"({"Image":"x","ExposedPorts":{"80":{},"80/udp":{},"80-90/tcp":{}}})").exposed_ports.size() == 3);
  for (auto bad : {"x/y", "80/foo", "90-80/tcp", "70000", "", "80-/tcp", "-80"})
    CHECK_THAT(refusal(fmt::format(R"({{"Image":"x","ExposedPorts":{{"{}":{{}}}}}})", bad)),
               test::contains("invalid port"));
}

TEST_CASE("limits that contradict each other are refused in dockerd's words") {
  CHECK_THAT(refusal(R"({"Image":"x","HostConfig":{"Memory":1024}})"),
             test::contains("Minimum memory limit allowed is 6MB"));
  CHECK_THAT(refusal(R"({"Image":"x","HostConfig":{"Memory":10485760,"MemorySwap":1}})"),
             test::contains("Minimum memoryswap"));
  CHECK_THAT(refusal(R"({"Image":"x","HostConfig":{"NanoCpus":1,"CpuQuota":1000}})"),
             test::contains("Conflicting options"));
  CHECK_THAT(refusal(R"({"Image":"x","HostConfig":{"AutoRemove":true,"RestartPolicy":{"Name":"always"}}})"),
             test::contains("AutoRemove"));
  CHECK_THAT(refusal(R"({"Image":"x","HostConfig":{"RestartPolicy":{"Name":"maybe"}}})"),
             test::contains("restart policy"));
  CHECK_THAT(refusal(R"({"Image":"x","HostConfig":{"Ulimits":[{"Name":"nofile","Soft":2,"Hard":1}]}})"),
             test::contains("ulimit nofile"));
}

TEST_CASE("a host configuration that is shown can be sent again and means the same") {
  auto options = accepted(R"({"Image":"x","HostConfig":{"Binds":["/a:/b:ro","vol:/c:nocopy"],"Tmpfs":{"/t":"size=1m"},
    "Mounts":[{"Type":"bind","Source":"/s","Target":"/m","ReadOnly":true}],"Memory":10485760,"NanoCpus":500000000,
    "PidsLimit":-1,"CapAdd":["NET_ADMIN"],"RestartPolicy":{"Name":"on-failure","MaximumRetryCount":3},"NetworkMode":"host",
    "LogConfig":{"Type":"json-file","Config":{"max-size":"10m","max-file":"3"}},"SecurityOpt":["no-new-privileges"],
    "Devices":[{"PathOnHost":"/dev/null","PathInContainer":"/dev/x","CgroupPermissions":"r"}],"Init":true,
    "Ulimits":[{"Name":"nofile","Soft":1,"Hard":2}],"Sysctls":{"net.ipv4.ip_forward":"1"},"MaskedPaths":[],
    "OomScoreAdj":100,"ExtraHosts":["a:1.2.3.4"],"PidMode":"host","CgroupnsMode":"host","IpcMode":"shareable"}})");
  json body{{"Image", "x"}, {"HostConfig", host_config(options)}};
  auto again = accepted(body.dump());
  std::sort(options.mounts.begin(), options.mounts.end(), [](auto& a, auto& b) { return a.target < b.target; });
  std::sort(again.mounts.begin(), again.mounts.end(), [](auto& a, auto& b) { return a.target < b.target; });
  CHECK(again.mounts == options.mounts);
  CHECK(again.resources == options.resources);
  CHECK(again.log == options.log);
  CHECK(again.restart == options.restart);
  CHECK(again.devices == options.devices);
  CHECK(again.ulimits == options.ulimits);
  CHECK(again.sysctls == options.sysctls);
  CHECK(again.masked_paths == options.masked_paths);
  CHECK(again.oom_score_adj == options.oom_score_adj);
  CHECK(again.pid_mode == "host");
  CHECK(again.init);
}

TEST_CASE("containers' names follow docker's rule") {
  for (auto good : {"ab", "/ab", "A-b_c.9"}) CHECK(check_container_name(good));
  for (auto bad : {"a", "-ab", "a b", "", "/", "a/b", "\xc3\xa4x"}) CHECK_FALSE(check_container_name(bad));
}

TEST_CASE("an exec needs a command, and its terminal's size is two numbers") {
  CHECK(parse_exec_body(R"({"Cmd":["ls"],"AttachStdout":true})")->attach_stdout);
  CHECK_FALSE(parse_exec_body(R"({"Cmd":[]})"));
  CHECK(parse_exec_start_body("")->detach == false);
  CHECK(parse_exec_start_body(R"({"Tty":true,"ConsoleSize":[24,80]})")->console == console_size{24, 80});
  CHECK(parse_exec_body(R"({"Cmd":["ls"],"ConsoleSize":[24,80]})")->console == console_size{24, 80});
  CHECK_FALSE(parse_exec_body(R"({"Cmd":["ls"],"ConsoleSize":[24,65536]})"));
  CHECK(accepted(R"({"Image":"x","HostConfig":{"ConsoleSize":[7,9]}})").console == console_size{7, 9});
  CHECK_FALSE(parse_exec_start_body(R"({"ConsoleSize":[1,2,3]})"));
  CHECK_FALSE(parse_exec_start_body(R"({"Detach":"yes"})"));
}
