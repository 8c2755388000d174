#include "runtime/sys/rooted_dir.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include "tests/runtime/sys/scratch.hpp"

using namespace gantry;
using sys::rooted_dir;
using test::scratch;

namespace {

/// A root with a file outside of it that no name may reach.
struct rooted {
  scratch dir;
  rooted_dir root;

  rooted() : root(make()) {}

private:
  rooted_dir make() const {
    dir.make_directory("root/etc");
    dir.make_file("secret", "outside");
    dir.make_file("root/etc/passwd", "inside");
    return rooted_dir::open(dir / "root").value();
  }
};

} // namespace

TEST_CASE("a name is read below the root, however it is written") {
  rooted r;
  for (const auto* name : {"etc/passwd", "/etc/passwd", "./etc//passwd", "../../etc/passwd", "etc/../etc/passwd"}) {
    INFO(name);
    CHECK(r.root.read_file(name, 100).value() == "inside");
  }
  CHECK(r.root.read_file("../secret", 100).error().code == errc::not_found);
  CHECK(r.root.read_file("etc/absent", 100).error().code == errc::not_found);
  CHECK(r.root.read_file("etc/passwd/x", 100).error().os_errno == ENOTDIR);
}

TEST_CASE("an absolute symlink ends at the root, as a container sees it") {
  rooted r;
  r.dir.make_link("/etc", "root/absolute");
  r.dir.make_link("/../../../etc/passwd", "root/up");
  r.dir.make_link(r.dir / "secret", "root/escape");
  r.dir.make_link("../secret", "root/relative");
  r.dir.make_link("loop", "root/loop");
  CHECK(r.root.read_file("absolute/passwd", 100).value() == "inside");
  CHECK(r.root.read_file("up", 100).value() == "inside");
  CHECK(r.root.read_file("escape", 100).error().code == errc::not_found);
  CHECK(r.root.read_file("relative", 100).error().code == errc::not_found);
  CHECK(r.root.read_file("loop", 100).error().os_errno == ELOOP);
}

TEST_CASE("beneath, a name that would leave the root is an error") {
  rooted r;
  r.dir.make_link("/etc/passwd", "root/absolute");
  r.dir.make_link("../secret", "root/relative");
  r.dir.make_link("etc/passwd", "root/good");
  auto opened = [&](std::string_view name) {
    auto fd = r.root.open_at(name, O_RDONLY, 0, rooted_dir::resolve::beneath);
    return fd ? 0 : fd.error().os_errno;
  };
  CHECK(opened("good") == 0);
  CHECK(opened("etc/../etc/passwd") == 0);
  for (const auto* name : {"absolute", "relative", "../secret", "/etc/passwd", "etc/../../root/etc/passwd"}) {
    INFO(name);
    CHECK(opened(name) == EXDEV);
  }
}

TEST_CASE("a part of a folder is opened wherever its links lead in it, and nowhere else") {
  rooted r;
  r.dir.make_link("../etc", "root/etc/in");
  r.dir.make_link("/etc", "root/absolute");
  r.dir.make_link("../secret", "root/out");
  const auto root = r.dir / "root";
  auto code = [&](const std::string& part) {
    auto opened = sys::open_part(root, part);
    return opened ? errc{} : opened.error().code;
  };
  for (const auto* part : {"", ".", "etc", "etc/passwd", "etc/in/passwd", "etc/../etc"}) {
    INFO(part);
    CHECK(code(part) == errc{});
  }
  for (const auto* part : {"absolute", "absolute/passwd", "out", "..", "/etc"}) {
    INFO(part);
    CHECK(code(part) == errc::invalid_argument);
  }
  CHECK(code("none") == errc::not_found);
  CHECK_THAT(sys::open_part(root, "out").error().message, test::contains("escapes the base directory"));
  CHECK_THAT(sys::open_part(root, "none").error().message, test::contains("cannot access path " + root + "/none"));
}

TEST_CASE("O_NOFOLLOW leaves the last symlink alone, and creation stays below the root") {
  rooted r;
  r.dir.make_link("etc/passwd", "root/link");
  r.dir.make_link("../../created", "root/out");
  CHECK(r.root.open_at("link", O_RDONLY | O_NOFOLLOW).error().os_errno == ELOOP);
  CHECK(r.root.open_at("out", O_WRONLY | O_CREAT, 0640));
  CHECK(r.dir.has("root/created"));
  CHECK_FALSE(r.dir.has("created"));
}

TEST_CASE("magic links of /proc lead nowhere") {
  auto proc = rooted_dir::open("/proc/self").value();
  for (const auto* name : {"exe", "cwd", "root", "cwd/x", "root/etc/passwd", "ns/mnt"}) {
    INFO(name);
    CHECK(proc.open_at(name, O_PATH).error().os_errno == ELOOP);
  }
}

TEST_CASE("what is not a regular file is not read, and does not block") {
  rooted r;
  REQUIRE(::mkfifo((r.dir / "root/fifo").c_str(), 0600) == 0);
  r.dir.make_link("fifo", "root/link");
  r.dir.make_link("/dev/zero", "root/zero");
  CHECK(r.root.read_file("fifo", 100).error().code == errc::invalid_argument);
  CHECK(r.root.read_file("link", 100).error().code == errc::invalid_argument);
  CHECK(r.root.read_file("etc", 100).error().code == errc::invalid_argument);
  CHECK(r.root.read_file("zero", 100).error().code == errc::not_found);
  CHECK(r.root.read_file("", 100).error().code == errc::invalid_argument);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  auto path = r.dir / "root/socket";
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  sys::unique_fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  CHECK_FALSE(r.root.read_file("socket", 100));
}

TEST_CASE("a file below the root is bounded by its limit") {
  rooted r;
  CHECK(r.root.read_file("etc/passwd", 6).value() == "inside");
  CHECK(r.root.read_file("etc/passwd", 5).error().code == errc::exhausted);
}

TEST_CASE("a name with a NUL, or longer than any path, is refused") {
  rooted r;
  CHECK(r.root.read_file(std::string_view("etc\0/passwd", 11), 100).error().code == errc::invalid_argument);
  CHECK(r.root.read_file(std::string(5000, 'a'), 100).error().os_errno == ENAMETOOLONG);
}

TEST_CASE("directories are made below the root, as a container would see their names") {
  rooted r;
  r.dir.make_directory("root/real");
  r.dir.make_link("/real", "root/link");
  r.dir.make_link("../../outside", "root/out");
  r.dir.make_directory("root/outside");
  auto made = r.root.make_directories("/a/./b//c", 0750);
  REQUIRE(made);
  struct stat status {};
  REQUIRE(::fstat(made->get(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0750);
  CHECK(r.dir.has("root/a/b/c"));

  CHECK(r.root.make_directories("link/below", 0755));
  CHECK(r.dir.has("root/real/below"));
  CHECK(r.root.make_directories("out/x", 0755));
  CHECK(r.dir.has("root/outside/x"));
  CHECK(r.root.make_directories("new/../sibling", 0755));
  CHECK(r.dir.has("root/sibling"));
  CHECK(r.root.make_directories("../../up", 0755));
  CHECK(r.dir.has("root/up"));
  CHECK_FALSE(r.dir.has("up"));
  CHECK(r.root.make_directories("", 0755));
  CHECK(r.root.make_directories("/", 0755));
}

TEST_CASE("directories are not made where something else is in the way") {
  rooted r;
  r.dir.make_link("/nowhere", "root/dangling");
  CHECK_FALSE(r.root.make_directories("etc/passwd", 0755));
  CHECK_FALSE(r.root.make_directories("etc/passwd/x", 0755));
  CHECK_FALSE(r.root.make_directories("dangling/x", 0755));
}

TEST_CASE("a root that is absent or no directory is refused") {
  scratch dir;
  dir.make_file("file");
  CHECK(rooted_dir::open(dir / "absent").error().code == errc::not_found);
  CHECK(rooted_dir::open(dir / "file").error().os_errno == ENOTDIR);
}
