#include "tests/catch.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "runtime/spec/merged_view.hpp"
#include "tests/runtime/spec/fixture.hpp"

using namespace gantry;
using gantry::test::put;

namespace {

struct two_layers {
  test::temp_folder base;
  std::string top = base.path + "/top", bottom = base.path + "/bottom";
  two_layers() {
    put(top + "/x", "");
    put(bottom + "/x", "");
  }
  [[nodiscard]] result<std::string> read(std::string_view path, std::size_t limit = 1024) const {
    return spec::merged_view({top, bottom}).read_file(path, limit);
  }
};

} // namespace

TEST_CASE("the topmost layer's file is read, and folders merge") {
  const two_layers l;
  put(l.bottom + "/etc/passwd", "old");
  put(l.bottom + "/etc/group", "group");
  put(l.top + "/etc/passwd", "new");
  CHECK(l.read("/etc/passwd") == "new");
  CHECK(l.read("etc//./group") == "group");
  CHECK(l.read("/etc/shadow").error().code == errc::not_found);
  CHECK(l.read("/etc").error().code == errc::invalid_argument);
  CHECK(l.read("/etc/passwd/more").error().code == errc::not_found);
  CHECK(l.read("/etc/passwd", 2).error().code == errc::exhausted);
}

TEST_CASE("symlinks stay within the root") {
  const two_layers l;
  put(l.bottom + "/etc/real", "inside");
  REQUIRE(::symlink("/etc/real", (l.bottom + "/absolute").c_str()) == 0);
  REQUIRE(::symlink("../../../../etc/real", (l.top + "/climb").c_str()) == 0);
  REQUIRE(::symlink("loop", (l.top + "/loop").c_str()) == 0);
  REQUIRE(::symlink("/etc", (l.top + "/folder").c_str()) == 0);
  CHECK(l.read("/absolute") == "inside");
  CHECK(l.read("/climb") == "inside");
  CHECK(l.read("/folder/real") == "inside");
  CHECK(l.read("/folder/../etc/real") == "inside");
  CHECK(l.read("/../../etc/real") == "inside");
  CHECK(l.read("/loop").error().code == errc::invalid_argument);
}

TEST_CASE("only regular files are opened") {
  const two_layers l;
  REQUIRE(::mkfifo((l.top + "/fifo").c_str(), 0600) == 0);
  CHECK(l.read("/fifo").error().code == errc::invalid_argument);
}

TEST_CASE("whiteouts and opaque folders hide what is below", "[root]") {
  const two_layers l;
  put(l.bottom + "/etc/passwd", "old");
  put(l.bottom + "/opt/file", "old");
  put(l.bottom + "/var/file", "old");
  put(l.top + "/etc/other", "x");
  put(l.top + "/opt/other", "x");
  REQUIRE(::mknod((l.top + "/etc/passwd").c_str(), S_IFCHR, makedev(0, 0)) == 0);
  REQUIRE(::mknod((l.top + "/var").c_str(), S_IFCHR, makedev(0, 0)) == 0);
  REQUIRE(::setxattr((l.top + "/opt").c_str(), "trusted.overlay.opaque", "y", 1, 0) == 0);
  CHECK(l.read("/etc/passwd").error().code == errc::not_found);
  CHECK(l.read("/opt/file").error().code == errc::not_found);
  CHECK(l.read("/var/file").error().code == errc::not_found);
  CHECK(l.read("/opt/other") == "x");
}
