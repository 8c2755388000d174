#include "messages/domain/image.hpp"
#include "messages/domain/manifest.hpp"

#include "tests/catch.hpp"

using namespace gantry;

namespace {

const std::string layer_digest = "sha256:" + std::string(64, 'a');
const std::string rootfs = R"("rootfs":{"type":"layers","diff_ids":[")" + layer_digest + R"("]})";

std::string with_config(std::string_view fields) { return fmt::format(R"({{{},"config":{{{}}}}})", rootfs, fields); }

image_config parse_fields(std::string_view fields) { return parse_image_config(with_config(fields)).value(); }

void check_corrupt(const std::string& json, const std::string& word = "") {
  INFO(json.substr(0, 300));
  auto parsed = parse_image_config(json);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().code == errc::corrupt);
  CHECK_THAT(parsed.error().message, test::contains(word));
}

} // namespace

TEST_CASE("an image's config is read whole") {
  auto read =
      parse_image_config(R"({"architecture":"arm64","os":"linux","variant":"v8","created":"2024-01-02T03:04:05Z",
    "author":"a","config":{"User":"1:2","Env":["PATH=/bin","E="],"Entrypoint":["/e"],"Cmd":["c","d"],"WorkingDir":"/w",
    "Volumes":{"/b":{},"/a":{}},"ExposedPorts":{"80/tcp":{},"53/udp":{}},"Labels":{"k":"v"},"StopSignal":"SIGQUIT",
    "Healthcheck":{"Test":["CMD","true"],"Interval":30000000000,"Timeout":1,"StartPeriod":2,"Retries":3},
    "OnBuild":null,"ArgsEscaped":true},
    "history":[{"created":"x","created_by":"sh","comment":"c"},{"created_by":"ENV","empty_layer":true}],)" +
                         rootfs + "}");
  REQUIRE(read);
  CHECK(read->target.str() == "linux/arm64/v8");
  CHECK(read->created == "2024-01-02T03:04:05Z");
  CHECK(read->user == "1:2");
  CHECK(read->env == std::vector<std::string>{"PATH=/bin", "E="});
  CHECK(read->entrypoint == std::vector<std::string>{"/e"});
  CHECK(read->cmd == std::vector<std::string>{"c", "d"});
  CHECK(read->working_dir == "/w");
  CHECK(read->volumes == std::vector<std::string>{"/a", "/b"});
  CHECK(read->exposed_ports == std::vector<std::string>{"53/udp", "80/tcp"});
  CHECK(read->labels.at("k") == "v");
  CHECK(read->stop_signal == "SIGQUIT");
  REQUIRE(read->health);
  CHECK(read->health->interval == std::chrono::seconds(30));
  CHECK(read->health->retries == 3);
  CHECK(read->diff_ids.at(0).str() == layer_digest);
  REQUIRE(read->history.size() == 2);
  CHECK(read->history[0].comment == "c");
  CHECK(read->history[1].empty_layer);
}

TEST_CASE("what a config leaves out or sets to null is empty") {
  auto read = parse_image_config("{" + rootfs + R"(,"config":null,"history":null,"author":null})");
  REQUIRE(read);
  CHECK(read->target.os == "linux");
  CHECK(read->history.empty());
  auto nulls = parse_fields(R"("Env":null,"Cmd":null,"Volumes":null,"Labels":null,"Healthcheck":null,"User":null)");
  CHECK(nulls.cmd.empty());
  CHECK_FALSE(nulls.health);
}

TEST_CASE("a command may be one string, as Docker's old builders wrote it") {
  CHECK(parse_fields(R"("Cmd":"sh -c x")").cmd == std::vector<std::string>{"sh -c x"});
  CHECK(parse_fields(R"("Entrypoint":"/e")").entrypoint == std::vector<std::string>{"/e"});
}

TEST_CASE("names are read in any case, as Go reads them, but only once") {
  CHECK(parse_fields(R"("USER":"u")").user == "u");
  check_corrupt(with_config(R"("User":"nobody","user":"root")"), "written once");
}

TEST_CASE("an image without layers has a config all the same") {
  CHECK(parse_image_config(R"({"rootfs":{"type":"layers","diff_ids":[]}})")->diff_ids.empty());
  CHECK(parse_image_config(R"({"rootfs":{"type":"layers","diff_ids":null}})")->diff_ids.empty());
}

TEST_CASE("a config of wrong types is corrupt, naming the field") {
  for (const auto& [fields, word] :
       std::vector<std::pair<std::string, std::string>>{{R"("Env":"A=b")", "Env"},
                                                        {R"("Env":[1])", "Env"},
                                                        {R"("Env":{"A":"b"})", "Env"},
                                                        {R"("Cmd":7)", "Cmd"},
                                                        {R"("Cmd":[null])", "Cmd"},
                                                        {R"("User":0)", "User"},
                                                        {R"("WorkingDir":["/"])", "WorkingDir"},
                                                        {R"("Volumes":["/a"])", "Volumes"},
                                                        {R"("ExposedPorts":"80")", "ExposedPorts"},
                                                        {R"("Labels":{"a":1})", "Labels"},
                                                        {R"("Labels":[])", "Labels"},
                                                        {R"("StopSignal":9)", "StopSignal"},
                                                        {R"("Healthcheck":[])", "Healthcheck"},
                                                        {R"("Healthcheck":{"Test":"true"})", "Test"},
                                                        {R"("Healthcheck":{"Interval":"30s"})", "Interval"},
                                                        {R"("Healthcheck":{"Timeout":-1})", "Timeout"},
                                                        {R"("Healthcheck":{"Timeout":9223372036854775808})", "Timeout"},
                                                        {R"("Healthcheck":{"Timeout":1.5})", "Timeout"},
                                                        {R"("Healthcheck":{"Retries":2147483648})", "Retries"},
                                                        {R"("Healthcheck":{"Retries":-1})", "Retries"},
                                                        {R"("Env":["A=\u0000"])", "NUL"},
                                                        {R"("Volumes":{"/\u0000":{}})", "NUL"},
                                                        {R"("User":"\u0000")", "NUL"}})
    check_corrupt(with_config(fields), word);
  check_corrupt("{" + rootfs + R"(,"config":[]})", "config");
  check_corrupt("{" + rootfs + R"(,"history":{}})", "history");
  check_corrupt("{" + rootfs + R"(,"history":[1]})", "history");
  check_corrupt("{" + rootfs + R"(,"history":[{"empty_layer":1}]})", "history[0]");
  check_corrupt("{" + rootfs + R"(,"author":99999999999999999999999})");
}

TEST_CASE("a config without a good rootfs is corrupt") {
  check_corrupt("{}", "rootfs");
  check_corrupt(R"({"rootfs":null})", "rootfs");
  check_corrupt(R"({"rootfs":[]})", "rootfs");
  check_corrupt(R"({"rootfs":{"type":"windows","diff_ids":[]}})", "layers");
  check_corrupt(R"({"rootfs":{"diff_ids":["sha256:../../x"]}})", "diff_ids[0]");
  check_corrupt(R"({"rootfs":{"diff_ids":[7]}})", "diff_ids");
  std::string many = "\"" + layer_digest + "\"";
  for (int i = 0; i < 500; ++i) many += ",\"" + layer_digest + "\"";
  check_corrupt(R"({"rootfs":{"diff_ids":[)" + many + "]}}", "500");
}

TEST_CASE("what is no JSON is corrupt, and what is too long is not read") {
  for (const auto* json : {"", "{", "null", "[]", "x", "{\"a\":\"\xff\"}", "{\"a\":1,}"}) check_corrupt(json);
  auto long_one = parse_image_config(std::string(max_config_bytes + 1, ' '));
  CHECK(long_one.error().code == errc::invalid_argument);
}
