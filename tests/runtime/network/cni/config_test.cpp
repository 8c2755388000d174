#include "runtime/network/cni/config.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include "runtime/network/cni/names.hpp"
#include "tests/catch.hpp"
#include "tests/runtime/spec/fixture.hpp"

using namespace gantry;
using namespace gantry::network::cni;
using gantry::test::contains;

namespace {

std::string list_of(const std::string& name, const std::string& rest = R"("cniVersion":"1.0.0")") {
  return R"({"name":")" + name + "\"," + rest + R"(,"plugins":[{"type":"bridge"}]})";
}

std::string config_refusal(std::string_view document) {
  const auto network = parse_network(document, "a.conflist");
  return network ? "accepted" : network.error().message;
}

} // namespace

TEST_CASE("a network's document is read with all that its plugins need") {
  const auto network = parse_network(R"({"name":"k8s","cniVersion":"0.4.0","cniVersions":["0.3.1","1.0.0","9.0.0"],
    "disableCheck":"true","disableGC":true,"extra":1,
    "plugins":[{"type":"bridge","unknown":{"x":[1]}},
               {"type":"portmap","capabilities":{"portMappings":true,"bandwidth":false}}]})",
                                     "a.conflist");
  REQUIRE(network);
  CHECK(network->name == "k8s");
  CHECK(network->versions == std::vector{spec_version::v0_3_1, spec_version::v0_4_0,
                                         spec_version::v1_0_0}); // the unknown is not one of them
  CHECK(network->version() == spec_version::v1_0_0);
  CHECK(network->disable_check);
  CHECK(network->disable_gc);
  REQUIRE(network->plugins.size() == 2);
  CHECK(network->plugins[0].document == R"({"type":"bridge","unknown":{"x":[1]}})");
  CHECK(network->plugins[1].capabilities == std::set<std::string>{"portMappings"});
  CHECK(parse_network(network->document, "again"));

  const auto single = parse_network(R"({"name":"one","type":"ptp"})", "a.conf");
  REQUIRE(single);
  CHECK(single->version() == spec_version::v0_1_0);
  CHECK(single->plugins.front().type == "ptp");
}

TEST_CASE("a document that is no network is refused by file and reason") {
  CHECK_THAT(config_refusal("{"), contains("a.conflist: it is not a JSON object"));
  CHECK_THAT(config_refusal(std::string(100'000, '[')), contains("not a JSON object"));
  std::string deep = R"({"name":"x","plugins":[{"type":"a","b":)";
  for (int i = 0; i < 100; ++i) deep += R"({"c":)";
  deep += "1" + std::string(100, '}') + "}]}";
  CHECK_THAT(config_refusal(deep), contains("not a JSON object"));
  CHECK_THAT(config_refusal(R"({"plugins":[{"type":"a"}]})"), contains("no 'name'"));
  CHECK_THAT(config_refusal(list_of("../up")), contains("'../up' is not the name of a network"));
  CHECK_THAT(config_refusal(R"({"name":"x"})"), contains("no 'type'"));
  CHECK_THAT(config_refusal(R"({"name":"x","plugins":[]})"), contains("'plugins'"));
  CHECK_THAT(config_refusal(R"({"name":"x","plugins":[1]})"), contains("not an object"));
  CHECK_THAT(config_refusal(R"({"name":"x","plugins":[{"type":"../../bin/sh"}]})"),
             contains("not the name of a plugin"));
  CHECK_THAT(config_refusal(list_of("x", R"("cniVersion":"2.0.0")")), contains("it is of CNI '2.0.0'"));
  CHECK_THAT(config_refusal(list_of("x", R"("cniVersions":["3.0.0","4.0.0"])")), contains("'3.0.0', '4.0.0'"));
  CHECK_THAT(config_refusal(list_of("x", R"("disableCheck":7)")), contains("disableCheck"));
  CHECK_THAT(config_refusal(std::string(max_config_bytes + 1, ' ')), contains("bytes are more than"));
  std::string many = R"({"name":"x","plugins":[{"type":"a"})";
  for (std::size_t i = 0; i < max_plugins; ++i) many += R"(,{"type":"a"})";
  CHECK_THAT(config_refusal(many + "]}"), contains("65 plugins; 64 are allowed"));
}

TEST_CASE("the first valid file of a folder is the default network") {
  const test::temp_folder folder;
  const auto& path = folder.path;
  CHECK(load_folder(path + "/none").networks.empty());
  CHECK(load_folder(path + "/none").refused.empty());
  CHECK(load_folder(path).default_network(path).error().message == "no CNI network is configured in " + path);
  test::put(path + "/00-broken.conflist", "{");
  REQUIRE(::mkfifo((path + "/05-fifo.conf").c_str(), 0600) == 0);
  test::put(path + "/README", list_of("readme"));
  auto content = load_folder(path);
  CHECK(content.refused.size() == 2);
  CHECK_THAT(content.default_network(path).error().message, contains("00-broken.conflist: it is not a JSON object"));
  CHECK_THAT(content.default_network(path).error().message, contains("05-fifo.conf: it is not a file"));
  test::put(path + "/20-b.conflist", list_of("b"));
  test::put(path + "/10-a.conf", R"({"name":"a","type":"ptp","cniVersion":"0.4.0"})");
  test::put(path + "/30-c.json", list_of("c"));
  test::put(path + "/40-again.conflist", list_of("b"));
  content = load_folder(path);
  CHECK(content.default_network(path)->name == "a");
  REQUIRE(content.networks.size() == 3);
  CHECK(content.networks[1].name == "b");
  CHECK(content.networks[2].file == path + "/30-c.json");
  CHECK_THAT(content.refused.back().message, contains("20-b.conflist has the name 'b' already"));
}

TEST_CASE("a folder's fingerprint tells its changes") {
  const test::temp_folder folder;
  const auto file = folder.path + "/10-a.conflist";
  const auto empty = fingerprint_of(folder.path);
  CHECK(fingerprint_of(folder.path + "/none") == empty);
  test::put(file, list_of("a"));
  const auto with_one = fingerprint_of(folder.path);
  CHECK(with_one != empty);
  CHECK(fingerprint_of(folder.path) == with_one);
  CHECK(load_folder(folder.path).fingerprint == with_one);
  test::put(folder.path + "/other.txt", "not looked at");
  CHECK(fingerprint_of(folder.path) == with_one);
  const sys::unique_fd opened(::open(file.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC)); // changed in place
  REQUIRE(sys::write_all(opened.get(), "\n"));
  CHECK(fingerprint_of(folder.path) != with_one);
}

TEST_CASE("a folder with too many files is read in part, and says so") {
  const test::temp_folder folder;
  for (std::size_t i = 0; i < max_config_files + 3; ++i)
    test::put(fmt::format("{}/{:04}.conflist", folder.path, i), list_of(fmt::format("n{}", i)));
  const auto content = load_folder(folder.path);
  CHECK(content.networks.size() == max_config_files);
  REQUIRE(content.refused.size() == 1);
  CHECK_THAT(content.refused.front().message, contains("259 files; the first 256 are read"));
}

TEST_CASE("names are those that cannot mean anything else in a path or a variable") {
  CHECK(is_cni_name("k8s-pod_1.net"));
  CHECK_FALSE(is_cni_name(""));
  CHECK_FALSE(is_cni_name(".hidden"));
  CHECK_FALSE(is_cni_name("a/b"));
  CHECK(is_link_name("eth0"));
  CHECK_FALSE(is_link_name("sixteen-letters-"));
  CHECK_FALSE(is_link_name("a b"));
  CHECK_FALSE(is_link_name(".."));
  CHECK(is_program_name("host-local"));
  CHECK_FALSE(is_program_name(".."));
}
