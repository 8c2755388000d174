#include "api/docker/detach_keys.hpp"
#include "api/docker/log_lines.hpp"
#include "api/docker/parse/filters.hpp"
#include "api/docker/parse/moment.hpp"
#include "api/docker/parse/registry_auth.hpp"
#include "api/docker/render/container.hpp"
#include "api/docker/render/distribution.hpp"
#include "api/docker/render/event.hpp"
#include "api/docker/render/image.hpp"
#include "api/docker/render/pull_progress.hpp"
#include "api/docker/render/words.hpp"
#include "tests/catch.hpp"

using namespace gantry;
using namespace gantry::docker;

namespace {

/// A digest that begins with this digit.
digest digest_of(std::string_view digit) {
  return digest::parse("sha256:" + std::string(digit) + std::string(63, '0')).value();
}

} // namespace

TEST_CASE("filters are lists, or maps as old clients send them") {
  auto wanted = filters::parse(R"({"status":["running","exited"],"label":{"a=b":true,"c":false}})");
  REQUIRE(wanted);
  CHECK(wanted->of("status").size() == 2);
  CHECK(wanted->of("label").count("a=b") == 1);
  CHECK(wanted->of("label").count("c") == 0);
  CHECK(wanted->allows("status", "running"));
  CHECK_FALSE(wanted->allows("status", "paused"));
  CHECK(wanted->allows("absent", "anything"));
  CHECK(filters::parse(""));
  for (auto bad : {"[]", "{", R"({"a":1})", R"({"a":[1]})", R"({"a":{"b":"c"}})"}) CHECK_FALSE(filters::parse(bad));
}

TEST_CASE("a filter that is not known is refused by name") {
  auto wanted = filters::parse(R"({"colour":["red"]})");
  REQUIRE(wanted);
  CHECK(wanted->check({"status"}).error().message == "invalid filter 'colour'");
}

TEST_CASE("labels are asked for by key or by key and value") {
  std::map<std::string, std::string> labels{{"a", "b"}, {"c", ""}};
  CHECK(filters::parse(R"({"label":["a"]})")->allows_labels(labels));
  CHECK(filters::parse(R"({"label":["a=b","c"]})")->allows_labels(labels));
  CHECK_FALSE(filters::parse(R"({"label":["a=x"]})")->allows_labels(labels));
  CHECK_FALSE(filters::parse(R"({"label!":["c"]})")->allows_labels(labels));
}

TEST_CASE("a moment is a Unix time, a time of RFC 3339 or a duration back") {
  CHECK(parse_moment("since", "", 5).value() == 0);
  CHECK(parse_moment("since", "1700000000", 5).value() == 1700000000'000000000);
  CHECK(parse_moment("since", "1700000000.5", 5).value() == 1700000000'500000000);
  CHECK(parse_moment("since", "1970-01-01T00:00:01Z", 5).value() == 1'000'000'000);
  CHECK(parse_moment("since", "1m30s", 100'000'000'000).value() == 10'000'000'000);
  for (auto bad : {"yesterday", "12x", "1700000000.0000000001", "-5"}) CHECK_FALSE(parse_moment("since", bad, 5));
}

TEST_CASE("times are said in docker's words") {
  container_state state;
  state.now = phase::exited;
  state.exit_code = 137;
  state.finished_at = 1'000'000'000;
  CHECK(status_words(state, 6'000'000'000) == "Exited (137) 5 seconds ago");
  state.now = phase::paused;
  CHECK(status_words(state, 2'000'000'000) == "Up 2 seconds (Paused)");
  CHECK(time_text(0) == "0001-01-01T00:00:00Z");
  CHECK(command_line({"sh", "-c", "a b"}) == "sh -c 'a b'");
}

TEST_CASE("a registry login is base64url of JSON, padded or not") {
  auto login = parse_registry_auth("eyJ1c2VybmFtZSI6InUiLCJwYXNzd29yZCI6InAifQ");
  REQUIRE(login);
  CHECK(login->username == "u");
  CHECK(login->password == "p");
  CHECK(parse_registry_auth("eyJ1c2VybmFtZSI6InUiLCJwYXNzd29yZCI6InAifQ==")->password == "p");
  CHECK(parse_registry_auth("")->username.empty());
  CHECK(parse_registry_auth("e30=")->username.empty());
  auto bad = parse_registry_auth("c2VjcmV0");
  REQUIRE_FALSE(bad);
  CHECK(bad.error().message.find("secret") == std::string::npos);
  CHECK_FALSE(parse_registry_auth("!!"));
}

TEST_CASE("the detach sequence is found across reads, and what only began like it is passed on") {
  detach_watch watch(parse_detach_keys("").value());
  CHECK(watch.add("abc").forward == "abc");
  CHECK(watch.add("\x10").forward.empty());
  CHECK(watch.add("x").forward == "\x10x");
  CHECK_FALSE(watch.add("\x10\x10").detached);
  CHECK(watch.add("\x11").detached);
  CHECK(parse_detach_keys("ctrl-a,d").value() == "\x01"
                                                 "d");
  for (auto bad : {"ctrl-", "ctrl-1", "ab", ",", "a,"}) CHECK_FALSE(parse_detach_keys(bad));
}

TEST_CASE("a pull's layers go from waiting to complete, each step said once") {
  auto layer = digest::parse("sha256:" + std::string(64, 'a')).value();
  pull_progress progress;
  using step = layer_progress::step;
  CHECK_THAT(progress.lines({layer, step::waiting, 0, 0}), test::contains("Pulling fs layer"));
  CHECK_THAT(progress.lines({layer, step::downloading, 5, 10}),
             test::contains(R"("progressDetail":{"current":5,"total":10},"id":"aaaaaaaaaaaa")"));
  CHECK(progress.lines({layer, step::downloading, 5, 10}).empty());
  CHECK_THAT(progress.lines({layer, step::extracting, 10, 10}), test::contains("Download complete"));
  CHECK_THAT(progress.lines({layer, step::done, 10, 10}), test::contains("Pull complete"));
  CHECK(progress.lines({layer, step::done, 10, 10}).empty());
}

TEST_CASE("that a layer exists is said of an image that lacks another") {
  auto layer = [](char c) { return digest::parse("sha256:" + std::string(64, c)).value(); };
  pull_progress progress;
  using step = layer_progress::step;
  CHECK(progress.lines({layer('a'), step::exists, 0, 0}).empty());
  auto said = progress.lines({layer('b'), step::done, 10, 10});
  CHECK(said.find("Already exists") < said.find("Pulling fs layer"));
  CHECK(said.ends_with(status_line("Pull complete", "bbbbbbbbbbbb")));
  CHECK(progress.lines({layer('c'), step::exists, 0, 0}) == status_line("Already exists", "cccccccccccc"));
}

TEST_CASE("an error within a pull's stream is in the form that clients look for") {
  auto line = json::parse(error_line({errc::not_found, "manifest unknown", 0}));
  CHECK(line["error"] == "manifest unknown");
  CHECK(line["errorDetail"]["message"] == "manifest unknown");
}

TEST_CASE("an event has the fields of old and new clients") {
  event e{"docker", event::subject::container, "start", "abc", {{"image", "alpine"}, {"name", "x"}}, 1'500'000'000};
  auto made = event_message(e);
  CHECK(made["status"] == "start");
  CHECK(made["from"] == "alpine");
  CHECK(made["Actor"]["Attributes"]["name"] == "x");
  CHECK(made["time"] == 1);
  CHECK(made["timeNano"] == 1'500'000'000);
}

TEST_CASE("a log line has a header unless there is a terminal, and a time when asked for") {
  log::entry entry{1'000'000'000, log::output::err, "hi\n"};
  CHECK(log_line(entry, {false, true}) == "hi\n");
  CHECK(log_line(entry, {false, false}) == std::string("\x02\0\0\0\0\0\0\x03hi\n", 11));
  CHECK(log_line(entry, {true, true}) == "1970-01-01T00:00:01.000000000Z hi\n");
  CHECK(log_line(entry, {false, true, true}) == " hi\n");
  entry.details = "tag=a";
  CHECK(log_line(entry, {true, true, true}) == "1970-01-01T00:00:01.000000000Z tag=a hi\n");
}

TEST_CASE("layers that images share are counted once, and said of each") {
  auto image_of = [](std::string_view id, std::vector<std::pair<std::string_view, std::uint64_t>> layers,
                     std::uint64_t bytes) {
    auto made = std::make_shared<image>();
    made->id = digest_of(id);
    for (const auto& [content, size] : layers) {
      descriptor layer;
      layer.content = digest_of(content);
      layer.size = size;
      made->layers.push_back(layer);
    }
    made->unpacked_bytes = bytes;
    return found_image{made, {}};
  };
  auto one = image_of("1", {{"a", 60}, {"b", 40}}, 1000);
  auto two = image_of("2", {{"a", 60}, {"c", 60}}, 1200);
  auto together = measure_images({one, two});
  CHECK(together.bytes == 1000 + 600);
  CHECK(together.shared == std::vector<std::uint64_t>{600, 600});
  CHECK(measure_images({one}).shared == std::vector<std::uint64_t>{0});
  CHECK(measure_images({image_of("3", {}, 0)}).bytes == 0);
  CHECK(image_summary(two, 1, 600)["SharedSize"] == 600);
  CHECK(image_summary(two)["SharedSize"] == -1);
}

TEST_CASE("a container's row and document have docker's shape") {
  container_record record;
  record.name = {"docker", std::string(64, 'c')};
  record.display_name = "web";
  record.image_name = "nginx";
  record.args = {"nginx", "-g", "daemon off;"};
  record.state.now = phase::running;
  record.state.pid = 42;
  record.options.exposed_ports = {"80/tcp", "443/tcp"};
  network_endpoint endpoint;
  endpoint.network = "bridge";
  endpoint.attached = true;
  endpoint.ip = "10.0.0.2";
  endpoint.prefix_length = 16;
  endpoint.ports = {{80, "tcp", "", 8080}};
  auto row = container_summary(record, {endpoint}, 1);
  CHECK(row["Names"][0] == "/web");
  CHECK(row["Command"] == "nginx -g 'daemon off;'");
  REQUIRE(row["Ports"].size() == 2);
  CHECK(row["Ports"][0]["PublicPort"] == 8080);
  CHECK_FALSE(row["Ports"][1].contains("PublicPort"));
  CHECK(row["NetworkSettings"]["Networks"]["bridge"]["IPAddress"] == "10.0.0.2");
  CHECK_FALSE(row.contains("SizeRw"));
  add_sizes(row, {100, 1000});
  CHECK(row["SizeRw"] == 100);
  CHECK(row["SizeRootFs"] == 1100);
  auto whole = container_inspect(record, {endpoint}, nullptr);
  CHECK(whole["State"]["Running"] == true);
  CHECK(whole["NetworkSettings"]["Ports"]["80/tcp"][0]["HostPort"] == "8080");
  CHECK(whole["NetworkSettings"]["Ports"]["80/tcp"].size() == 1);
  CHECK(whole["NetworkSettings"]["Ports"]["443/tcp"].is_null());
  CHECK(whole["HostConfig"]["RestartPolicy"]["Name"] == "no");
  CHECK(whole["Args"].size() == 2);
  CHECK(whole["Mounts"].is_array());
}

TEST_CASE("an end of both families shows both addresses, and its ports at both") {
  container_record record;
  record.name = {"docker", std::string(64, 'c')};
  record.state.now = phase::running;
  network_endpoint end;
  end.network = std::string(64, 'a');
  end.asked.name = "web";
  end.asked.address6 = "fd00::2";
  end.attached = true;
  end.ip = "10.0.0.2";
  end.ip6 = {"fd00::2", "fd00::1", 64};
  end.ports = {{80, "tcp", "", 8080}, {81, "tcp", "::", 8081}};
  const auto shown = network_settings(record, {end});
  const auto& settings = shown["Networks"]["web"];
  CHECK(settings["GlobalIPv6Address"] == "fd00::2");
  CHECK(settings["GlobalIPv6PrefixLen"] == 64);
  CHECK(settings["IPv6Gateway"] == "fd00::1");
  CHECK(settings["IPAMConfig"] == json::object({{"IPv6Address", "fd00::2"}}));
  CHECK(shown["Ports"]["80/tcp"].dump() ==
        R"([{"HostIp":"0.0.0.0","HostPort":"8080"},{"HostIp":"::","HostPort":"8080"}])");
  CHECK(shown["Ports"]["81/tcp"].dump() == R"([{"HostIp":"::","HostPort":"8081"}])");
  CHECK(container_summary(record, {end}, 1)["Ports"].size() == 3);
}

TEST_CASE("an end shows what was asked of it; its MAC address until it has one, and none once it has had it") {
  container_record record;
  record.name = {"docker", std::string(64, 'c')};
  network_endpoint end;
  end.network = "bridge";
  end.asked.mac = "02:42:0a:09:00:07";
  end.asked.link_local = {"169.254.8.8"};
  end.asked.driver_options = {{"some.other", "on"}};
  record.options.networks = {end.asked};
  const auto shown = container_inspect(record, {end}, nullptr);
  CHECK(shown["Config"]["MacAddress"] == "02:42:0a:09:00:07");
  CHECK(shown["NetworkSettings"]["MacAddress"] == "02:42:0a:09:00:07");
  const auto& on = shown["NetworkSettings"]["Networks"]["bridge"];
  CHECK(on["MacAddress"] == "02:42:0a:09:00:07");
  CHECK(on["IPAMConfig"]["LinkLocalIPs"] == json::array({"169.254.8.8"}));
  CHECK(on["DriverOpts"] == json::object({{"some.other", "on"}}));
  record.state.now = phase::exited;
  CHECK(network_settings(record, {end})["Networks"]["bridge"]["MacAddress"] == "");
}

TEST_CASE("what a registry has is shown with those whom it has an image for") {
  image_index index{media_type::oci_index, {}};
  for (const auto& target : {platform{"linux", "arm64", "v8"}, platform{"unknown", "unknown", ""}})
    index.manifests.push_back({media_type::oci_manifest, digest_of("1"), 7, target, {}});
  auto platforms = platforms_in(index);
  REQUIRE(platforms.size() == 1);
  auto shown = distribution({media_type::oci_index, digest_of("2"), 99, {}, {}}, platforms);
  CHECK(shown["Descriptor"]["digest"] == digest_of("2").str());
  CHECK(shown["Descriptor"]["size"] == 99);
  CHECK(shown["Platforms"] == json::array({{{"architecture", "arm64"}, {"os", "linux"}, {"variant", "v8"}}}));
}
