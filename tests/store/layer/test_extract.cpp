#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <filesystem>
#include <fstream>

#include "runtime/sys/files.hpp"
#include "store/hash.hpp"
#include "tests/catch.hpp"
#include "tests/store/layer/compressed.hpp"
#include "tests/store/layer/scratch.hpp"
#include "tests/store/layer/sources.hpp"
#include "tests/store/layer/tar_writer.hpp"

using namespace gantry;
using namespace gantry::test;
namespace fs = std::filesystem;

namespace {

struct stat status_of(const std::string& path) {
  struct stat s {};
  REQUIRE(::lstat(path.c_str(), &s) == 0);
  return s;
}

bool is_whiteout(const std::string& path) {
  auto s = status_of(path);
  return S_ISCHR(s.st_mode) && s.st_rdev == 0;
}

std::string xattr_of(const std::string& path, const char* name) {
  char value[256];
  auto size = ::lgetxattr(path.c_str(), name, value, sizeof value);
  return size < 0 ? "(none)" : std::string(value, static_cast<std::size_t>(size));
}

std::string read(const std::string& path) { return sys::read_file(path, 1 << 24).value(); }

} // namespace

TEST_CASE("files, folders and links keep mode, owner and time", "[root]") {
  scratch where;
  auto h = header_of("d/f", '0');
  h.content = "content";
  h.mode = 04755;
  h.uid = 1000;
  h.gid = 4'000'000'000;
  h.pax["mtime"] = "1600000000.123456789";
  auto d = header_of("d/", '5');
  d.mode = 02750;
  d.gid = 50;
  d.pax["mtime"] = "-5.000000001";
  auto tar = tar_writer().add(d).add(h).symlink("d/l", "../../etc/passwd").hardlink("d/h", "d/f").finish();
  auto layer = extract(tar, where.folder("layer"));
  REQUIRE(layer);
  CHECK_FALSE(layer->needs_parents);
  CHECK_FALSE(layer->used_parents);
  CHECK(layer->entries == 4);
  CHECK(layer->bytes == 7);
  CHECK(layer->diff_id == store::digest_of(tar));
  auto f = status_of(where / "layer/d/f");
  CHECK(f.st_mode == (S_IFREG | 04755));
  CHECK((f.st_uid == 1000 && f.st_gid == 4'000'000'000));
  CHECK((f.st_mtim.tv_sec == 1'600'000'000 && f.st_mtim.tv_nsec == 123'456'789));
  CHECK(f.st_ino == status_of(where / "layer/d/h").st_ino);
  auto folder = status_of(where / "layer/d");
  CHECK(folder.st_mode == (S_IFDIR | 02750));
  CHECK(folder.st_gid == 50);
  CHECK(folder.st_mtim.tv_sec < 0);
  CHECK(fs::read_symlink(where / "layer/d/l") == "../../etc/passwd");
  CHECK(read(where / "layer/d/h") == "content");
}

TEST_CASE("devices and FIFOs are made, or denied where policy says so", "[root]") {
  scratch where;
  auto c = header_of("null", '3'), b = header_of("disk", '4'), p = header_of("fifo", '6');
  c.major_number = 1, c.minor_number = 3, c.mode = 0666;
  b.major_number = 259, b.minor_number = 1'000'000;
  REQUIRE(extract(tar_writer().add(c).add(b).add(p).finish(), where.folder("layer")));
  CHECK(status_of(where / "layer/null").st_rdev == makedev(1, 3));
  CHECK(status_of(where / "layer/null").st_mode == (S_IFCHR | 0666));
  CHECK(status_of(where / "layer/disk").st_rdev == makedev(259, 1'000'000));
  CHECK(S_ISFIFO(status_of(where / "layer/fifo").st_mode));
  store::layer_limits limits;
  limits.devices = store::device_policy::deny;
  CHECK(extract(tar_writer().add(p).finish(), where.folder("fifo"), nullptr, limits));
  auto denied = extract(tar_writer().add(c).finish(), where.folder("denied"), nullptr, limits);
  REQUIRE_FALSE(denied);
  CHECK(denied.error().code == errc::denied);
  CHECK_THAT(denied.error().message, contains("\"null\""));
}

TEST_CASE("content xattrs are kept; those that steer the host or overlayfs are dropped", "[root]") {
  scratch where;
  auto h = header_of("f", '0');
  for (const char* name : {"user.a", "user.overlay.opaque", "trusted.overlay.opaque", "trusted.x", "security.selinux",
                           "security.ima", "security.evm", "system.other"})
    h.pax[std::string("SCHILY.xattr.") + name] = "y";
  h.pax["SCHILY.xattr.user.binary"] = std::string("a\0\xff", 3);
  auto d = header_of("d/", '5');
  d.pax["SCHILY.xattr.trusted.overlay.opaque"] = "y";
  d.pax["SCHILY.xattr.trusted.overlay.redirect"] = "/etc";
  d.pax["SCHILY.xattr.user.d"] = "z";
  REQUIRE(extract(tar_writer().add(h).add(d).finish(), where.folder("layer")));
  CHECK(xattr_of(where / "layer/f", "user.a") == "y");
  CHECK(xattr_of(where / "layer/f", "user.binary") == std::string("a\0\xff", 3));
  CHECK(xattr_of(where / "layer/d", "user.d") == "z");
  for (const char* name : {"user.overlay.opaque", "trusted.overlay.opaque", "trusted.x", "security.selinux"})
    CHECK(xattr_of(where / "layer/f", name) == "(none)");
  CHECK(xattr_of(where / "layer/d", "trusted.overlay.opaque") == "(none)");
  CHECK(xattr_of(where / "layer/d", "trusted.overlay.redirect") == "(none)");
}

TEST_CASE("a whiteout becomes overlayfs's own, and never removes an entry of its own layer", "[root]") {
  scratch where;
  auto tar = tar_writer()
                 .folder("d/")
                 .file("d/.wh.gone")
                 .file("d/.wh.kept")
                 .file("d/kept", "x")
                 .file("d/also")
                 .file("d/.wh.also");
  REQUIRE(extract(tar.finish(), where.folder("layer")));
  CHECK(is_whiteout(where / "layer/d/gone"));
  CHECK(read(where / "layer/d/kept") == "x");
  CHECK(S_ISREG(status_of(where / "layer/d/also").st_mode));
}

TEST_CASE("a folder that is new in place of a removed one is opaque, whichever came first", "[root]") {
  scratch where;
  auto tar = tar_writer().file(".wh.a").folder("a/").folder("b/").file(".wh.b").file("c").folder("c/").folder("plain/");
  REQUIRE(extract(tar.finish(), where.folder("layer")));
  for (const char* name : {"layer/a", "layer/b", "layer/c"})
    CHECK(xattr_of(where / name, "trusted.overlay.opaque") == "y");
  CHECK(xattr_of(where / "layer/plain", "trusted.overlay.opaque") == "(none)");
}

TEST_CASE("an opaque whiteout marks its folder and makes other whiteouts in it needless", "[root]") {
  scratch where;
  auto tar = tar_writer().folder("d/").file("d/.wh.x").file("d/f", "f").file("d/.wh..wh..opq").file("d/.wh.y");
  REQUIRE(extract(tar.finish(), where.folder("layer")));
  CHECK(xattr_of(where / "layer/d", "trusted.overlay.opaque") == "y");
  CHECK_FALSE(fs::exists(fs::symlink_status(where / "layer/d/x")));
  CHECK_FALSE(fs::exists(fs::symlink_status(where / "layer/d/y")));
  CHECK(read(where / "layer/d/f") == "f");
}

TEST_CASE("folders that whiteouts alone imply go when a later whiteout removes them", "[root]") {
  scratch where;
  REQUIRE(extract(tar_writer().folder("a/").folder("a/b/").file("a/b/f").finish(), where.folder("parent")));
  store::parent_view parents{{where / "parent"}};
  REQUIRE(extract(tar_writer().file("a/b/.wh.f").file(".wh.a").finish(), where.folder("layer"), &parents));
  CHECK(is_whiteout(where / "layer/a"));
}

TEST_CASE("the later entry of a name wins, whatever its type", "[root]") {
  scratch where;
  auto tar = tar_writer().file("x", "1").folder("x/").file("x/in", "2").file("x", "3").symlink("y", "x").file("y", "4");
  tar.folder("z/")
      .file("z/in")
      .symlink("z", "nowhere")
      .folder("z/")
      .hardlink("h", "x")
      .file("x", "5")
      .folder("z/", 0700);
  REQUIRE(extract(tar.finish(), where.folder("layer")));
  CHECK(read(where / "layer/x") == "5");
  CHECK(read(where / "layer/h") == "3");
  CHECK(read(where / "layer/y") == "4");
  CHECK(fs::is_empty(where / "layer/z"));
  CHECK(status_of(where / "layer/z").st_mode == (S_IFDIR | 0700));
}

TEST_CASE("names in any bytes and of great length come through pax, GNU and ustar headers", "[root]") {
  scratch where;
  std::string latin = "\xe4\xf6\xfc", decomposed = "e\xcc\x81", deep;
  for (int i = 0; i < 14; ++i) deep += std::string(250, static_cast<char>('a' + i)) + "/";
  auto pax = header_of("short", '0');
  pax.pax["path"] = latin + " pax";
  auto link = header_of("l", '2');
  link.pax["linkpath"] = latin;
  auto tar = tar_writer().file(latin).file(decomposed).add(pax).add(link).file("new\nline").file(deep + "f", "deep");
  auto layer = extract(tar.finish(), where.folder("layer"), &no_parents);
  INFO((layer ? "" : layer.error().message));
  REQUIRE(layer);
  CHECK(fs::exists(where / ("layer/" + latin)));
  CHECK(fs::exists(where / ("layer/" + decomposed)));
  CHECK(fs::exists(where / ("layer/" + latin + " pax")));
  CHECK(fs::read_symlink(where / "layer/l").string() == latin);
  CHECK(fs::exists(where / "layer/new\nline"));
}

TEST_CASE("a sparse file keeps its holes", "[root]") {
  scratch where;
  auto source = where.folder("source");
  std::ofstream(source + "/sparse") << "start";
  fs::resize_file(source + "/sparse", 8 << 20);
  for (const char* format : {"gnu", "posix"}) {
    auto tar = where / (std::string(format) + ".tar");
    REQUIRE(::system(("tar -cSf " + tar + " --format=" + format + " -C " + source + " sparse").c_str()) == 0);
    auto layer = extract(read(tar), where.folder(format));
    REQUIRE(layer);
    CHECK(layer->bytes == 8 << 20);
    auto s = status_of(where / (std::string(format) + "/sparse"));
    CHECK(s.st_size == 8 << 20);
    CHECK(s.st_blocks < 1000);
    CHECK(read(where / (std::string(format) + "/sparse")).substr(0, 6) == std::string("start\0", 6));
  }
}

TEST_CASE("an entry for the root gives the folder itself its attributes; without one it is marked", "[root]") {
  scratch where;
  REQUIRE(extract(tar_writer().folder("./", 0555).finish(), where.folder("listed"))->root_listed);
  CHECK(status_of(where / "listed").st_mode == (S_IFDIR | 0555));
  CHECK_FALSE(extract(tar_writer().file("f").finish(), where.folder("implied"))->root_listed);
  REQUIRE(store::inherit_root(where.folder("upper"), {{where / "implied", where / "listed"}}));
  CHECK(status_of(where / "upper").st_mode == (S_IFDIR | 0555));
  REQUIRE(store::inherit_root(where / "upper", {{where / "implied"}}));
  CHECK(status_of(where / "upper").st_mode == (S_IFDIR | 0755));
}

TEST_CASE("what depends on parents stops a layer that is extracted by itself", "[root]") {
  scratch where;
  int n = 0;
  for (const auto& tar : {tar_writer().file("implied/f"), tar_writer().hardlink("h", "f"), tar_writer().file("a/.wh.f"),
                          tar_writer().file(".wh..wh..opq"), tar_writer().symlink("l", "a").file("l/f"),
                          tar_writer().file("a/.wh..wh..opq")}) {
    auto layer = extract(tar.finish(), where.folder(std::to_string(n++)));
    REQUIRE(layer);
    CHECK(layer->needs_parents);
  }
}

TEST_CASE("with its parents a layer gets their folders, symlinks and files", "[root]") {
  scratch where;
  auto d = header_of("d/", '5');
  d.mode = 01777, d.uid = 7, d.pax["SCHILY.xattr.user.a"] = "v";
  REQUIRE(extract(tar_writer().add(d).file("d/f", "parent").symlink("l", "/d").finish(), where.folder("parent")));
  store::parent_view parents{{where / "parent"}};
  auto layer = extract(tar_writer().file("l/new", "n").hardlink("h", "l/f").finish(), where.folder("layer"), &parents);
  REQUIRE(layer);
  CHECK(layer->used_parents);
  auto s = status_of(where / "layer/d");
  CHECK((s.st_mode == (S_IFDIR | 01777) && s.st_uid == 7 && s.st_mtim.tv_sec == d.mtime));
  CHECK(xattr_of(where / "layer/d", "user.a") == "v");
  CHECK(read(where / "layer/d/new") == "n");
  CHECK(read(where / "layer/h") == "parent");
  CHECK(status_of(where / "layer/h").st_ino == status_of(where / "layer/d/f").st_ino);
  CHECK_FALSE(fs::exists(fs::symlink_status(where / "layer/l")));
}

TEST_CASE("bytes after the archive's end count for the diffID and are read to the last", "[root]") {
  scratch where;
  auto tar = tar_writer().file("f", "x").finish() + std::string(100'000, 'z');
  string_source source(gzip(tar));
  auto layer = store::extract_layer(source, compression::gzip, where.folder("layer"), {}, {});
  REQUIRE(layer);
  CHECK(layer->diff_id == store::digest_of(tar));
  CHECK(source.left() == 0);
  CHECK(extract("", where.folder("empty"))->diff_id == store::digest_of(""));
  CHECK(extract(std::string(1024, '\0'), where.folder("blocks"))->entries == 0);
}

TEST_CASE("an extraction can be cancelled between entries", "[root]") {
  scratch where;
  string_source source(tar_writer().file("f", std::string(1 << 20, 'x')).finish());
  auto layer = store::extract_layer(source, compression::none, where.folder("layer"), {}, [] { return true; });
  REQUIRE_FALSE(layer);
  CHECK(layer.error().code == errc::cancelled);
}

TEST_CASE("a finished layer can be synced", "[root]") {
  scratch where;
  CHECK(store::sync_layer(where.path()));
  CHECK_FALSE(store::sync_layer(where / "absent"));
}
