#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdlib>
#include <map>

#include "store/layer/beneath.hpp"
#include "store/snapshot/upper_tree.hpp"
#include "tests/catch.hpp"
#include "tests/store/layer/scratch.hpp"
#include "tests/store/layer/sources.hpp"
#include "tests/store/temporary_folder.hpp"

namespace gantry::test {
namespace {

using kind = store::upper_item::kind;

/// A base layer, and an upper as overlayfs would have left it.
struct stage {
  scratch at;
  std::string base = at.folder("base"), upper = at.folder("upper");

  void whiteout(const std::string& name) { REQUIRE(::mknod((upper + "/" + name).c_str(), S_IFCHR, 0) == 0); }
  void opaque(const std::string& name) {
    REQUIRE(::setxattr((upper + "/" + name).c_str(), store::opaque_xattr, "y", 1, 0) == 0);
  }
  /// To whole seconds, which is what docker's layers hold.
  void round_times() {
    REQUIRE(std::system(fmt::format("touch -h -d @1700000000 $(find {})", at.path()).c_str()) == 0);
  }
  static void folder(const std::string& path) { must(sys::make_directories(path, 0755)); }
  std::map<std::string, kind> items() {
    std::map<std::string, kind> found;
    must(store::walk_upper({upper, {base}}, [&](const store::upper_item& item) -> result<void> {
      found[item.path] = item.what;
      return {};
    }));
    return found;
  }
};

} // namespace

TEST_CASE("upper: new, changed, removed, and what was only on the way", "[root]") {
  stage s;
  s.folder(s.base + "/etc"), s.folder(s.upper + "/etc"), s.folder(s.upper + "/new");
  write(s.base + "/etc/passwd", "root"), write(s.upper + "/etc/passwd", "other");
  write(s.base + "/etc/gone", "");
  write(s.upper + "/new/file", "1");
  s.whiteout("etc/gone");
  s.whiteout("etc/never-there");
  CHECK(s.items() == std::map<std::string, kind>{{"etc", kind::untouched},
                                                 {"etc/passwd", kind::modified},
                                                 {"etc/gone", kind::removed},
                                                 {"new", kind::added},
                                                 {"new/file", kind::added}});
  REQUIRE(::chmod((s.upper + "/etc").c_str(), 0700) == 0);
  CHECK(s.items()["etc"] == kind::modified);
}

TEST_CASE("upper: a folder that was made anew hides what was in it", "[root]") {
  stage s;
  s.folder(s.base + "/d"), s.folder(s.upper + "/d");
  write(s.base + "/d/old", ""), write(s.base + "/d/both", "1"), write(s.upper + "/d/both", "22");
  s.opaque("d");
  CHECK(s.items() ==
        std::map<std::string, kind>{{"d", kind::untouched}, {"d/old", kind::removed}, {"d/both", kind::modified}});
}

TEST_CASE("upper: packed and extracted over the same base it shows the same tree", "[root]") {
  stage s;
  s.folder(s.base + "/keep"), s.folder(s.base + "/again"), s.folder(s.upper + "/again"), s.folder(s.upper + "/deep/er");
  write(s.base + "/keep/a", "a"), write(s.base + "/again/old", "old"), write(s.upper + "/again/new", "new");
  write(s.base + "/gone", "");
  s.whiteout("gone");
  s.opaque("again");
  write(s.upper + "/deep/er/one", "linked");
  REQUIRE(::link((s.upper + "/deep/er/one").c_str(), (s.upper + "/deep/two").c_str()) == 0);
  REQUIRE(::symlink("../keep", (s.upper + "/deep/link").c_str()) == 0);
  REQUIRE(::mkfifo((s.upper + "/fifo").c_str(), 0600) == 0);
  REQUIRE(::setxattr((s.upper + "/deep").c_str(), "user.note", "x", 1, 0) == 0);
  write(s.upper + "/holes", "begin");
  REQUIRE(::truncate((s.upper + "/holes").c_str(), 3 << 20) == 0);
  REQUIRE(::chown((s.upper + "/holes").c_str(), 7, 8) == 0);
  s.round_times();
  string_sink tar;
  store::tar_writer to(tar);
  must(store::pack_upper({s.upper, {s.base}}, to));
  auto folder = s.at.folder("layer");
  store::parent_view parents{{s.base}};
  must(extract(tar.bytes, folder, &parents));
  must(store::inherit_root(s.upper, {{s.base}})); // as of any writable layer
  CHECK(describe_mounted(s.at, {s.upper, s.base}) == describe_mounted(s.at, {folder, s.base}));
}

TEST_CASE("upper: a socket is left out, and a FIFO is never opened", "[root]") {
  stage s;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (s.upper + "/s").copy(address.sun_path, sizeof address.sun_path - 1);
  sys::unique_fd socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::mkfifo((s.upper + "/f").c_str(), 0600) == 0);
  string_sink tar;
  store::tar_writer to(tar);
  must(store::pack_upper({s.upper, {s.base}}, to));
  CHECK(tar.bytes.size() == 512 + 1024); // one header, and the end
  CHECK(tar.bytes.starts_with("f"));
}

} // namespace gantry::test
