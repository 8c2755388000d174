#include "store/volume/copy_tree.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include "tests/store/temporary_folder.hpp"

using namespace gantry;
using namespace gantry::test;
using namespace gantry::store;

namespace {

/// A tree to copy, and a place for the copy.
struct trees {
  trees() {
    must(sys::make_directories(folder / "from", 0755));
    must(sys::make_directories(folder / "to", 0700));
  }
  [[nodiscard]] std::string from(const std::string& name) const { return folder / ("from/" + name); }
  [[nodiscard]] std::string to(const std::string& name) const { return folder / ("to/" + name); }
  [[nodiscard]] result<copied_tree> copy(std::stop_token stop = {}, copy_limits limits = {}) const {
    GANTRY_LET(auto source, sys::rooted_dir::open(folder / "from"));
    GANTRY_LET(auto target, sys::rooted_dir::open(folder / "to"));
    return copy_tree(source, target, std::move(stop), limits);
  }
  temporary_folder folder;
};

std::string target_of(const std::string& link) {
  char text[4096];
  auto size = ::readlink(link.c_str(), text, sizeof text);
  REQUIRE(size >= 0);
  return {text, static_cast<std::size_t>(size)};
}

} // namespace

TEST_CASE("modes and times are copied to the nanosecond, of directories too") {
  trees t;
  must(sys::make_directories(t.from("sub"), 0755));
  write(t.from("sub/file"), "content");
  REQUIRE(::chmod(t.from("sub/file").c_str(), 04711) == 0);
  REQUIRE(::chmod(t.from("sub").c_str(), 02570) == 0);
  timespec times[] = {{1, 2}, {1'000'000'000, 123'456'789}};
  for (const auto& name : {"sub/file", "sub", ""}) REQUIRE(::utimensat(AT_FDCWD, t.from(name).c_str(), times, 0) == 0);
  auto copied = must(t.copy());
  CHECK(copied.entries == 2);
  CHECK(copied.bytes == 7);
  for (const auto& name : {"sub/file", "sub", ""}) {
    INFO(name);
    auto status = status_of(t.to(name));
    CHECK(status.st_mode == status_of(t.from(name)).st_mode);
    CHECK(status.st_mtim.tv_sec == 1'000'000'000);
    CHECK(status.st_mtim.tv_nsec == 123'456'789);
  }
  CHECK(must(sys::read_file(t.to("sub/file"))) == "content");
}

TEST_CASE("symlinks are copied as they are, wherever they point") {
  trees t;
  write(t.folder / "secret", "of the host");
  for (auto [name, target] :
       {std::pair("out", "/etc/shadow"), {"up", "../secret"}, {"dangling", "none"}, {"loop", "loop"}})
    REQUIRE(::symlink(target, t.from(name).c_str()) == 0);
  must(t.copy());
  CHECK(target_of(t.to("out")) == "/etc/shadow");
  CHECK(target_of(t.to("up")) == "../secret");
  CHECK(target_of(t.to("dangling")) == "none");
  CHECK(target_of(t.to("loop")) == "loop");
}

TEST_CASE("hard links stay hard links, across directories and for symlinks") {
  trees t;
  must(sys::make_directories(t.from("a/b"), 0755));
  write(t.from("a/b/one"), "x");
  REQUIRE(::link(t.from("a/b/one").c_str(), t.from("two").c_str()) == 0);
  REQUIRE(::symlink("x", t.from("s1").c_str()) == 0);
  REQUIRE(::linkat(AT_FDCWD, t.from("s1").c_str(), AT_FDCWD, t.from("s2").c_str(), 0) == 0);
  must(t.copy());
  CHECK(status_of(t.to("a/b/one")).st_ino == status_of(t.to("two")).st_ino);
  CHECK(status_of(t.to("two")).st_nlink == 2);
  CHECK(status_of(t.to("s1")).st_ino == status_of(t.to("s2")).st_ino);
}

TEST_CASE("holes stay holes") {
  trees t;
  {
    sys::unique_fd fd(::open(t.from("sparse").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
    REQUIRE(::pwrite(fd.get(), "x", 1, 8 << 20) == 1);
    REQUIRE(::ftruncate(fd.get(), 64 << 20) == 0);
  }
  auto copied = must(t.copy());
  auto status = status_of(t.to("sparse"));
  CHECK(status.st_size == 64 << 20);
  CHECK(status.st_blocks <= status_of(t.from("sparse")).st_blocks + 64);
  CHECK(copied.bytes < 1 << 20);
}

TEST_CASE("FIFOs are copied without being opened, sockets are left out") {
  trees t;
  REQUIRE(::mkfifo(t.from("fifo").c_str(), 0620) == 0);
  sys::unique_fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  t.from("socket").copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  must(t.copy());
  CHECK(S_ISFIFO(status_of(t.to("fifo")).st_mode));
  CHECK((status_of(t.to("fifo")).st_mode & 07777) == (status_of(t.from("fifo")).st_mode & 07777));
  CHECK_FALSE(exists(t.to("socket")));
}

TEST_CASE("names in any bytes are copied") {
  trees t;
  std::string odd = "\xff\xfe new\nline";
  write(t.from(odd), "x");
  must(t.copy());
  CHECK(exists(t.to(odd)));
}

TEST_CASE("owners, devices, capabilities and extended attributes are copied; overlayfs's are not", "[root]") {
  trees t;
  write(t.from("file"), "x");
  REQUIRE(::chown(t.from("file").c_str(), 1234, 5678) == 0);
  REQUIRE(::chmod(t.from("file").c_str(), 06755) == 0);
  REQUIRE(::symlink("x", t.from("link").c_str()) == 0);
  REQUIRE(::lchown(t.from("link").c_str(), 4321, 8765) == 0);
  bool device = ::mknod(t.from("null").c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0;
  (void)::mknod(t.from("whiteout").c_str(), S_IFCHR, makedev(0, 0));
  // struct vfs_cap_data, revision 2, cap_net_raw permitted and effective
  const unsigned char capability[20] = {1, 0, 0, 2, 0, 0x20};
  bool capable = ::setxattr(t.from("file").c_str(), "security.capability", capability, sizeof capability, 0) == 0;
  bool labelled = ::lsetxattr(t.from("link").c_str(), "trusted.label", "v", 1, 0) == 0;
  bool opaque = ::setxattr(t.from("file").c_str(), "trusted.overlay.redirect", "/", 1, 0) == 0;
  must(t.copy());
  auto file = status_of(t.to("file"));
  CHECK(file.st_uid == 1234);
  CHECK(file.st_gid == 5678);
  CHECK((file.st_mode & 07777) == 06755);
  CHECK(status_of(t.to("link")).st_uid == 4321);
  CHECK_FALSE(exists(t.to("whiteout")));
  if (device) CHECK(status_of(t.to("null")).st_rdev == makedev(1, 3));
  char value[64];
  if (capable) CHECK(::getxattr(t.to("file").c_str(), "security.capability", value, sizeof value) == 20);
  if (labelled) CHECK(::lgetxattr(t.to("link").c_str(), "trusted.label", value, sizeof value) == 1);
  if (opaque) CHECK(::getxattr(t.to("file").c_str(), "trusted.overlay.redirect", value, sizeof value) < 0);
}

TEST_CASE("a copy is bounded in entries, bytes and depth, and names where it ended") {
  trees t;
  must(sys::make_directories(t.from("1/2/3/4"), 0755));
  write(t.from("1/2/3/file"), std::string(1000, 'x'));
  copy_limits limits;
  SECTION("entries") { limits.entries = 3; }
  SECTION("bytes") { limits.bytes = 999; }
  SECTION("depth") { limits.depth = 3; }
  auto copied = t.copy({}, limits);
  REQUIRE_FALSE(copied);
  CHECK(copied.error().code == errc::exhausted);
  CHECK_THAT(copied.error().message, contains("copy /1"));
}

TEST_CASE("a copy that nobody waits for ends") {
  trees t;
  write(t.from("file"), "x");
  std::stop_source stop;
  stop.request_stop();
  CHECK(t.copy(stop.get_token()).error().code == errc::cancelled);
}
