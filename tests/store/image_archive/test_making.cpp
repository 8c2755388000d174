#include "store/image_archive/layer_packer.hpp"
#include "store/image_archive/make_config.hpp"
#include "store/layer/decompress.hpp"
#include "tests/store/image_archive/archive_fixture.hpp"

namespace gantry::test {

TEST_CASE("layer packer: gzip of what came, and both digests") {
  archive_fixture f;
  std::string tar;
  for (std::uint64_t i = 0; i < 300'000; ++i) tar += std::to_string(i * 7919 % 1009);
  if (GENERATE(false, true)) tar.clear();
  auto packer = must(store::layer_packer::begin(*f.pieces));
  for (std::size_t at = 0; at < tar.size(); at += 99'991) must(packer->write(std::string_view(tar).substr(at, 99'991)));
  auto made = must(packer->end());
  CHECK(made.diff_id == store::digest_of(tar));
  auto packed = must(f.pieces->read_whole(made.blob, 8 << 20));
  CHECK(made.blob.content == store::digest_of(packed));
  string_source from(packed);
  auto plain = store::decompress(from, compression::gzip);
  CHECK(must(read_everything(*plain)) == tar);
}

TEST_CASE("config: over a base, what it says beyond what is known is kept") {
  store::config_change how;
  how.base = R"({"architecture":"amd64","os":"linux","container":"x","new.field":7,
    "config":{"Env":["PATH=/bin","A=1"],"Cmd":["sh"],"Shell":["/bin/ash"],"Labels":{"a":"1"}},
    "rootfs":{"type":"layers","diff_ids":["sha256:1"]},"history":[{"created_by":"base"}]})";
  how.changes.env = {"A=2", "B=3"};
  how.changes.cmd = {{"echo", "hi"}};
  how.changes.labels = {{"b", "2"}};
  how.changes.exposed_ports = {"80/tcp"};
  how.created = "2024-01-01T00:00:00Z", how.comment = "why", how.author = "who";
  how.diff_id = store::digest_of("layer");
  auto made = json::parse(must(store::make_config(how)));
  CHECK(made["new.field"] == 7);
  CHECK_FALSE(made.contains("container"));
  CHECK(made["config"]["Env"] == json{"PATH=/bin", "A=2", "B=3"});
  CHECK(made["config"]["Cmd"] == json{"echo", "hi"});
  CHECK(made["config"]["Shell"] == json::array({"/bin/ash"}));
  CHECK(made["config"]["Labels"] == json{{"a", "1"}, {"b", "2"}});
  CHECK(made["config"]["ExposedPorts"] == json{{"80/tcp", json::object()}});
  CHECK(made["rootfs"]["diff_ids"].size() == 2);
  CHECK(made["history"][1] == json{{"created", how.created}, {"author", "who"}, {"comment", "why"}});
  CHECK(made["author"] == "who");
}

TEST_CASE("config: of nothing, and without a layer") {
  store::config_change how;
  how.target = {"linux", "arm64", "v8"};
  how.created = "2024-01-01T00:00:00Z";
  auto made = json::parse(must(store::make_config(how)));
  CHECK(made["architecture"] == "arm64");
  CHECK(made["rootfs"]["diff_ids"].empty());
  CHECK(made["history"][0]["empty_layer"] == true);
  how.base = "[]";
  CHECK(store::make_config(how).error().code == errc::corrupt);
}

} // namespace gantry::test
