#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "runtime/sys/files.hpp"
#include "store/layer/beneath.hpp"
#include "store/layer/sub_tree.hpp"
#include "tests/catch.hpp"
#include "tests/store/layer/scratch.hpp"

namespace gantry::test {
namespace {

using paths = std::vector<std::string>;

/// Three layers, as extraction would have left them.
struct image_layers {
  scratch at;
  std::string base = at.folder("1"), middle = at.folder("2"), top = at.folder("3");

  static void folder(const std::string& path) { REQUIRE(sys::make_directories(path, 0755)); }
  static void file(const std::string& path) {
    folder(path.substr(0, path.rfind('/')));
    REQUIRE(sys::write_file(path, path));
  }
  static void link(const std::string& target, const std::string& path) {
    REQUIRE(::symlink(target.c_str(), path.c_str()) == 0);
  }
  static void whiteout(const std::string& path) { REQUIRE(::mknod(path.c_str(), S_IFCHR, 0) == 0); }
  static void opaque(const std::string& path) {
    REQUIRE(::setxattr(path.c_str(), store::opaque_xattr, "y", 1, 0) == 0);
  }
  [[nodiscard]] paths find(const std::string& path) const {
    auto found = store::layers_at({base, middle, top}, path);
    return found ? *found : paths{found.error().message};
  }
  [[nodiscard]] errc refusal(const std::string& path) const {
    auto found = store::layers_at({base, middle, top}, path);
    REQUIRE_FALSE(found);
    CHECK_THAT(found.error().message, contains(path));
    return found.error().code;
  }
};

} // namespace

TEST_CASE("what layers have of a folder: those that overlayfs would merge there", "[root]") {
  image_layers l;
  l.file(l.base + "/a/b/x");
  l.file(l.middle + "/other");
  l.file(l.top + "/a/b/y");
  CHECK(l.find("a/b") == paths{l.base + "/a/b", l.top + "/a/b"});
  CHECK(l.find("a") == paths{l.base + "/a", l.top + "/a"});
  CHECK(l.find(".") == paths{l.base, l.middle, l.top});
  CHECK(l.find("./a//b/.") == paths{l.base + "/a/b", l.top + "/a/b"});
}

TEST_CASE("what layers have of a folder: nothing from under a removal or an opaque folder", "[root]") {
  image_layers l;
  l.file(l.base + "/removed/sub/old");
  l.file(l.base + "/opaque/sub/old");
  l.whiteout(l.middle + "/removed");
  l.folder(l.top + "/removed/sub");
  l.folder(l.top + "/opaque/sub");
  l.opaque(l.top + "/opaque");
  CHECK(l.find("removed/sub") == paths{l.top + "/removed/sub"});
  CHECK(l.find("opaque/sub") == paths{l.top + "/opaque/sub"});
  l.whiteout(l.top + "/gone");
  l.file(l.base + "/gone/x");
  CHECK(l.refusal("gone") == errc::not_found);
}

TEST_CASE("what layers have of a file is that of the topmost", "[root]") {
  image_layers l;
  l.file(l.base + "/etc/conf");
  l.file(l.middle + "/etc/conf");
  l.file(l.base + "/etc/other");
  CHECK(l.find("etc/conf") == paths{l.middle + "/etc/conf"});
  CHECK(l.find("etc/other") == paths{l.base + "/etc/other"});
}

TEST_CASE("symlinks on the way are followed as in the image, and never lead out of it", "[root]") {
  image_layers l;
  l.file(l.base + "/real/deep/x");
  l.link("/real", l.middle + "/absolute");
  l.link("../../../../real/deep", l.top + "/up");
  l.link("/etc/passwd", l.top + "/host");
  l.link("loop", l.top + "/loop");
  CHECK(l.find("absolute/deep") == paths{l.base + "/real/deep"});
  CHECK(l.find("up") == paths{l.base + "/real/deep"});
  CHECK(l.refusal("host") == errc::not_found);
  CHECK_FALSE(store::layers_at({l.base, l.middle, l.top}, "loop"));
}

TEST_CASE("what is not there, or is neither a folder nor a file, is refused by its path", "[root]") {
  image_layers l;
  l.file(l.base + "/x");
  REQUIRE(::mkfifo((l.top + "/fifo").c_str(), 0600) == 0);
  CHECK(l.refusal("none") == errc::not_found);
  CHECK(l.refusal("fifo") == errc::invalid_argument);
  CHECK_FALSE(store::layers_at({l.base}, "x/below"));
  CHECK(store::layers_at({l.base}, "x").value() == paths{l.base + "/x"}); // an image of one layer
}

} // namespace gantry::test
