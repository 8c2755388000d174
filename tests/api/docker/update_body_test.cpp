#include "api/docker/parse/create_body.hpp"
#include "api/docker/parse/update_body.hpp"
#include "api/docker/render/ps_table.hpp"
#include "tests/catch.hpp"

using namespace gantry;
using namespace gantry::docker;

namespace {

std::string refusal_of_update(const std::string& body) {
  auto parsed = parse_update_body(body);
  return parsed ? std::string() : parsed.error().message;
}

result<container_options> created_with(const std::string& rest) {
  return parse_create_body(R"({"Image":"x",)" + rest + "}");
}

std::string refusal_of_log(const std::string& type, const std::string& options) {
  auto parsed = created_with(R"("HostConfig":{"LogConfig":{"Type":")" + type + R"(","Config":)" + options + "}}");
  return parsed ? std::string() : parsed.error().message;
}

} // namespace

TEST_CASE("an update leaves what it does not name") {
  auto made = parse_update_body(R"({"Memory":0,"PidsLimit":null,"Ulimits":null,"RestartPolicy":{"Name":""}})").value();
  CHECK(made.limits == resource_limits{});
  CHECK_FALSE(made.restart);
}

TEST_CASE("an update names limits and a policy") {
  auto made =
      parse_update_body(
          R"({"Memory":10485760,"MemorySwap":-1,"PidsLimit":0,"RestartPolicy":{"Name":"on-failure","MaximumRetryCount":3}})")
          .value();
  CHECK(made.limits.memory == 10 << 20);
  CHECK(made.limits.memory_swap == -1);
  CHECK(made.limits.pids == -1);
  CHECK(made.restart == restart_policy{restart_policy::kind::on_failure, 3});
  CHECK(parse_update_body(R"({"MemorySwap":20971520})").value().limits.memory == 0); // the memory's limit stays
}

TEST_CASE("an update refuses what cannot change, and nonsense") {
  CHECK_THAT(refusal_of_update(R"({"Devices":[{"PathOnHost":"/dev/fuse"}]})"), test::contains("Devices cannot be"));
  CHECK_THAT(refusal_of_update(R"({"blkioDeviceReadBps":[{"Path":"/dev/sda","Rate":1}]})"),
             test::contains("BlkioDeviceReadBps cannot be updated"));
  CHECK_THAT(refusal_of_update(R"({"CpuRealtimePeriod":5})"), test::contains("CpuRealtimePeriod is not supported"));
  CHECK_THAT(refusal_of_update(R"({"Memory":1})"), test::contains("6MB"));
  CHECK_THAT(refusal_of_update(R"({"RestartPolicy":{"Name":"often"}})"), test::contains("unknown policy"));
  CHECK_THAT(refusal_of_update("[]"), test::contains("invalid JSON"));
}

TEST_CASE("a memory limit without a word on swap means as much swap again") {
  CHECK(created_with(R"("HostConfig":{"Memory":10485760})").value().resources.memory_swap == 20 << 20);
  CHECK(created_with(R"("HostConfig":{"Memory":10485760,"MemorySwap":-1})").value().resources.memory_swap == -1);
}

TEST_CASE("a health check is read whole, and refused in dockerd's words") {
  auto health = created_with(R"("Healthcheck":{"Test":["CMD-SHELL","x"],"Interval":1000000,"Timeout":2000000,)"
                             R"("StartPeriod":3000000,"StartInterval":4000000,"Retries":5})")
                    .value()
                    .health.value();
  CHECK(health.test == std::vector<std::string>{"CMD-SHELL", "x"});
  CHECK(health.start_interval == std::chrono::milliseconds(4));
  CHECK(health.retries == 5);
  auto refusal = [](const char* text) { return created_with(std::string(R"("Healthcheck":)") + text).error().message; };
  CHECK(refusal(R"({"Interval":999999})") == "Interval in Healthcheck cannot be less than 1ms");
  CHECK(refusal(R"({"StartInterval":-1})") == "StartInterval in Healthcheck cannot be less than 1ms");
  CHECK(refusal(R"({"Retries":-1})") == "Retries in Healthcheck cannot be negative");
  CHECK_THAT(refusal(R"({"Test":["true"]})"), test::contains("write NONE, CMD or CMD-SHELL"));
  CHECK_THAT(refusal(R"({"Test":["CMD"]})"), test::contains("names no command"));
}

TEST_CASE("log drivers have their options, and what is none of them is refused by name") {
  auto local = created_with(R"("HostConfig":{"LogConfig":{"Type":"local","Config":{"max-file":"3"}}})").value().log;
  CHECK(local.max_size == 20 << 20);
  CHECK(local.max_files == 3);
  CHECK(local.compress);
  CHECK(local.buffer == -1);
  auto lossy = created_with(R"("HostConfig":{"LogConfig":{"Type":"json-file","Config":{"mode":"non-blocking",)"
                            R"("compress":"1","max-size":"1m","max-file":"2"}}})")
                   .value()
                   .log;
  CHECK(lossy.buffer == 1'000'000);
  CHECK(lossy.compress);
  auto larger = created_with(R"("HostConfig":{"LogConfig":{"Config":{"mode":"non-blocking","max-buffer-size":"4m"}}})");
  CHECK(larger.value().log.buffer == 4 << 20);
  auto unbounded =
      created_with(R"("HostConfig":{"LogConfig":{"Type":"json-file","Config":{"max-file":"3"}}})").value().log;
  CHECK(unbounded.max_size == 0); // one file, as with dockerd
  CHECK(refusal_of_log("json-file", R"({"labels":"a,b","env":"C","tag":"{{.Name}} {{ .ID }}","compress":"false"})")
            .empty());
  CHECK_THAT(refusal_of_log("json-file", R"({"tag":"{{.Foo}}"})"), test::contains("{{.ImageName}}"));
  CHECK_THAT(refusal_of_log("json-file", R"({"tag":"{{.ID"})"), test::contains("templates"));
  CHECK_THAT(refusal_of_log("json-file", R"({"compress":"true"})"), test::contains("compress"));
  CHECK_THAT(refusal_of_log("json-file", R"({"labels-regex":".*"})"), test::contains("labels-regex is not supported"));
  CHECK_THAT(refusal_of_log("json-file", R"({"mode":"sometimes"})"), test::contains("mode not supported"));
  CHECK_THAT(refusal_of_log("json-file", R"({"max-buffer-size":"4m"})"), test::contains("'mode=non-blocking'"));
  CHECK_THAT(refusal_of_log("json-file", R"({"mode":"non-blocking","max-buffer-size":"2g"})"), test::contains("1g"));
  CHECK_THAT(refusal_of_log("json-file", R"({"compress":"yes"})"), test::contains("true or false"));
  CHECK_THAT(refusal_of_log("json-file", R"({"compress":"true","max-file":"2"})"), test::contains("max-size"));
  CHECK_THAT(refusal_of_log("local", R"({"max-file":"1"})"), test::contains("compress=false"));
  CHECK(refusal_of_log("local", R"({"max-file":"1","compress":"false"})").empty());
  CHECK_THAT(refusal_of_log("local", R"({"tag":"x"})"), test::contains("unknown log opt 'tag' for local"));
  CHECK_THAT(refusal_of_log("syslog", "{}"), test::contains("no log driver named"));
}

TEST_CASE("block devices have weights and throttles") {
  auto made = created_with(R"("HostConfig":{"BlkioWeightDevice":[{"Path":"/dev/sda","Weight":200}],)"
                           R"("BlkioDeviceWriteIOps":[{"Path":"/dev/sdb","Rate":9}]})")
                  .value()
                  .resources;
  CHECK(made.blkio_weight_device == std::vector<device_amount>{{"/dev/sda", 200}});
  CHECK(made.blkio_write_iops == std::vector<device_amount>{{"/dev/sdb", 9}});
  auto refusal = [](const char* text) {
    return created_with(std::string(R"("HostConfig":{)") + text + "}").error().message;
  };
  CHECK(refusal(R"("BlkioWeightDevice":[{"Path":"/dev/sda","Weight":5}])") ==
        "Range of blkio weight is from 10 to 1000");
  CHECK_THAT(refusal(R"("BlkioDeviceReadBps":[{"Path":"sda","Rate":5}])"), test::contains("absolute"));
  CHECK_THAT(refusal(R"("BlkioDeviceReadBps":[{"Path":"/dev/sda","Rate":-5}])"), test::contains("Rate"));
}

TEST_CASE("what ps printed is shown for the container's processes alone") {
  constexpr auto printed =
      "  PID COMMAND   ARGS\n    1 init      /sbin/init\n   42 sh        sh -c  sleep 1 \n   43 x\n\n junk\n";
  auto table = ps_table(printed, {42, 43, 44}).value();
  CHECK(table["Titles"] == json({"PID", "COMMAND", "ARGS"}));
  CHECK(table["Processes"] == json::array({{"42", "sh", "sh -c  sleep 1"}, {"43", "x"}}));
  CHECK(ps_table("USER CMD\nroot x\n", {1}).error().message == "Couldn't find PID field in ps output");
  CHECK_FALSE(ps_table("", {1}));
  CHECK(ps_arguments(" -o  pid,comm ").value() == std::vector<std::string>{"-o", "pid,comm"});
  CHECK_FALSE(ps_arguments(std::string(2000, 'x')));
}
