// The corpus of hostile layers: one of each attack. Each either stays inside the layer's folder or is refused with
// an error that names the entry and the reason.
#include <sys/stat.h>

#include <filesystem>

#include "runtime/sys/files.hpp"
#include "tests/catch.hpp"
#include "tests/store/layer/compressed.hpp"
#include "tests/store/layer/scratch.hpp"
#include "tests/store/layer/sources.hpp"
#include "tests/store/layer/tar_writer.hpp"

using namespace gantry;
using namespace gantry::test;
namespace fs = std::filesystem;

namespace {

tar_header with_pax(const std::string& key, const std::string& value) {
  auto h = header_of("victim");
  h.pax[key] = value;
  return h;
}

struct refused {
  const char* what;
  std::string tar, reason;
  errc code = errc::corrupt;
};

std::vector<refused> bad_names() {
  auto one = [](const tar_header& h) { return tar_writer().add(h).finish(); };
  return {
      {"a name that climbs out", one(header_of("../victim")), "\"..\""},
      {"a name that climbs in the middle", one(header_of("a/../../victim")), "\"..\""},
      {"a folder that climbs", one(header_of("a/..", '5')), "\"..\""},
      {"a whiteout of nothing", one(header_of(".wh.")), "names no file"},
      {"a whiteout of the folder", one(header_of("d/.wh..")), "names no file"},
      {"a whiteout of the parent", one(header_of("d/.wh...")), "names no file"},
      {"a name reserved for whiteouts", one(header_of(".wh..wh.other")), "reserved"},
      {"an entry in a folder named as a whiteout", one(header_of(".wh.d/f")), "named as a whiteout"},
      {"a whiteout that is a folder", one(header_of(".wh.d/", '5')), "must be an empty file"},
      {"a whiteout that is a symlink", one(header_of(".wh.d", '2', "x")), "must be an empty file"},
      {"a component that is too long", one(with_pax("path", std::string(256, 'x'))), "longer than 255"},
      {"a name that is too long", one(with_pax("path", std::string(2000, 'x') + std::string(2100, '/') + "y")),
       "longer than"},
      {"a root that is a file", one(header_of(".")), "root can only be a folder"},
      {"a root that is a symlink", one(header_of("./", '2', "/etc")), "root can only be a folder"},
      {"an empty name", one(header_of("")), ""},
  };
}

std::vector<refused> bad_links_and_devices() {
  auto deep = std::string();
  for (int i = 0; i < 600; ++i) deep += "d/";
  auto device = header_of("null", '3');
  auto wide = header_of("wide", '4');
  wide.major_number = 5000;
  return {
      {"a hard link out", tar_writer().hardlink("victim", "../../../etc/passwd").finish(), "\"..\""},
      {"a hard link to an absolute name", tar_writer().hardlink("victim", "/etc/passwd").finish(), "does not exist"},
      {"a hard link through a symlink that leads out",
       tar_writer().symlink("l", "/etc").hardlink("victim", "l/passwd").finish(), "does not exist"},
      {"a hard link to a folder", tar_writer().folder("d/").hardlink("victim", "d").finish(), "which is a folder"},
      {"a hard link to the root", tar_writer().hardlink("victim", "/").finish(), "root"},
      {"a hard link to a whiteout", tar_writer().file(".wh.w").hardlink("victim", "w").finish(), "does not exist"},
      {"an entry under a file", tar_writer().file("f").file("f/victim").finish(), "not a folder"},
      {"an entry under a device", tar_writer().add(header_of("p", '6')).file("p/victim").finish(), "not a folder"},
      {"a loop of symlinks", tar_writer().symlink("a", "b").symlink("b", "a").file("a/victim").finish(),
       "too many symlinks"},
      {"a whiteout through the layer's own symlink",
       tar_writer().folder("d/").symlink("l", "d").file("l/.wh.victim").finish(), "symlink of its own layer"},
      {"too many folders", tar_writer().file(deep + "victim").finish(), "folders deep"},
      {"a device that is a whiteout", tar_writer().add(device).finish(), "overlayfs"},
      {"a device number out of range", tar_writer().add(wide).finish(), "out of range"},
  };
}

std::vector<refused> bad_headers() {
  auto huge = header_of("victim");
  huge.uid = 0xffffffff;
  auto one = [](const tar_header& h) { return tar_writer().add(h).finish(); };
  auto truncated = tar_writer().file("victim", std::string(5000, 'x')).unfinished();
  auto checksum = one(header_of("victim"));
  checksum[10] = 'X';
  return {
      {"an owner that means none", one(huge), "user id"},
      {"a negative owner", one(with_pax("uid", "-1")), "user id"},
      {"a huge group", one(with_pax("gid", "99999999999")), "group id"},
      {"a size beyond the archive", truncated.substr(0, 1024), "damaged"},
      {"a wrong checksum", checksum, "damaged"},
      {"malformed pax records", tar_writer().add(header_of("p", 'x')).raw("").file("f").unfinished() + "garbage", ""},
      {"no tar at all", std::string(2000, 'q'), "damaged"},
      {"a size over the limit", one(with_pax("size", "99999999999999")), "limit", errc::exhausted},
      {"a sparse claim over the limit",
       tar_writer()
           .add([] {
             auto h = with_pax("GNU.sparse.numblocks", "1");
             h.pax["GNU.sparse.size"] = "9000000000000000";
             h.pax["GNU.sparse.map"] = "0,0";
             return h;
           }())
           .finish(),
       "limit", errc::exhausted},
  };
}

void check_refused(const refused& attack) {
  scratch where;
  INFO(attack.what);
  auto done = extract(attack.tar, where.folder("layer"), &no_parents);
  REQUIRE_FALSE(done);
  CHECK(done.error().code == attack.code);
  CHECK_THAT(done.error().message, contains("layer entry"));
  CHECK_THAT(done.error().message, contains(attack.reason));
  CHECK_FALSE(fs::exists(where / "victim"));
}

} // namespace

TEST_CASE("hostile names are refused", "[root]") {
  for (const auto& attack : bad_names()) check_refused(attack);
}

TEST_CASE("hostile links and devices are refused", "[root]") {
  for (const auto& attack : bad_links_and_devices()) check_refused(attack);
}

TEST_CASE("headers that lie are refused", "[root]") {
  for (const auto& attack : bad_headers()) check_refused(attack);
}

TEST_CASE("absolute names and symlinks that lead out stay inside the folder", "[root]") {
  scratch where;
  auto outside = where.folder("outside");
  auto tar = tar_writer()
                 .file("/absolute", "1")
                 .symlink("out", outside)
                 .file("out/victim", "2")
                 .symlink("up", "../../outside");
  tar.file("up/victim", "3")
      .folder("//d//./e/")
      .file("d/e/f")
      .symlink("d/up", "../../../../../..")
      .file("d/up/top", "4");
  auto layer = where.folder("layer");
  REQUIRE(extract(tar.finish(), layer, &no_parents));
  CHECK(fs::is_empty(outside));
  CHECK(fs::read_symlink(layer + "/out") == outside);
  CHECK(fs::exists(layer + "/absolute"));
  CHECK(fs::exists(layer + outside + "/victim")); // as in a chroot
  CHECK(fs::exists(layer + "/outside/victim"));
  CHECK(fs::exists(layer + "/top"));
}

TEST_CASE("a symlink in the folder of a file that is replaced is never written through", "[root]") {
  scratch where;
  auto victim = where / "victim";
  REQUIRE(sys::write_file(victim, "untouched"));
  auto tar =
      tar_writer().symlink("l", victim).file("l", "new", 0777).symlink("m", victim).folder("m/").symlink("n", victim);
  tar.hardlink("o", "n").file("o", "x");
  REQUIRE(extract(tar.finish(), where.folder("layer")));
  CHECK(sys::read_file(victim).value() == "untouched");
  CHECK(fs::status(victim).permissions() == fs::perms(0644));
}

TEST_CASE("entries and bytes are bounded", "[root]") {
  scratch where;
  store::layer_limits limits;
  limits.max_entries = 10;
  tar_writer many;
  for (int i = 0; i < 11; ++i) many.file("same name");
  auto entries = extract(many.finish(), where.folder("entries"), nullptr, limits);
  REQUIRE_FALSE(entries);
  CHECK(entries.error().code == errc::exhausted);
  CHECK_THAT(entries.error().message, contains("limit of 10 entries"));

  limits.max_bytes = 100'000;
  tar_writer big;
  for (int i = 0; i < 5; ++i) big.file("f", std::string(30'000, 'x'));
  auto bytes = extract(big.finish(), where.folder("bytes"), nullptr, limits);
  REQUIRE_FALSE(bytes);
  CHECK(bytes.error().code == errc::exhausted);
}

TEST_CASE("a tiny layer that expands without end is cut off", "[root]") {
  scratch where;
  store::layer_limits limits;
  limits.max_bytes = 10 << 20;
  std::string zeros(64 << 20, '\0');
  for (auto how : {compression::gzip, compression::zstd}) {
    auto tar = tar_writer().file("f").finish() + zeros; // what follows the archive's end counts too
    string_source source(how == compression::gzip ? gzip(tar) : zstd(tar));
    auto done = store::extract_layer(source, how, where.folder(how == compression::gzip ? "gz" : "zst"), limits, {});
    REQUIRE_FALSE(done);
    CHECK(done.error().code == errc::exhausted);
  }
}

TEST_CASE("a header that never ends is cut off before it fills the memory", "[root]") {
  scratch where;
  auto h = header_of("victim");
  h.pax = {
      {"GNU.sparse.major", "1"}, {"GNU.sparse.minor", "0"}, {"GNU.sparse.realsize", "1000"}, {"size", "100000000000"}};
  std::string map = "1000000000\n";
  while (map.size() < (8 << 20)) map += "0\n0\n";
  string_source source(tar_writer().add(h).unfinished() + map);
  auto done = store::extract_layer(source, compression::none, where.folder("layer"), {}, {});
  REQUIRE_FALSE(done);
  CHECK(done.error().code == errc::corrupt);
  CHECK_THAT(done.error().message, contains("header is larger"));
}

TEST_CASE("every truncation of a layer is an error or the whole of its entries, and never a crash", "[root]") {
  scratch where;
  auto whole = tar_writer().folder("d/").file("d/f", "x").symlink("l", std::string(200, 'y')).finish();
  for (std::size_t size = 0; size < whole.size(); size += 97) {
    string_source source(gzip(whole).substr(0, size % 90));
    CHECK_FALSE(store::extract_layer(source, compression::gzip, where.folder("z" + std::to_string(size)), {}, {}));
    auto done = extract(whole.substr(0, size), where.folder("t" + std::to_string(size)));
    if (!done) CHECK(done.error().code == errc::corrupt);
  }
}
