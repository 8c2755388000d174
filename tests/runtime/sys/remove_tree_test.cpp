#include <sys/mount.h>
#include <sys/resource.h>

#include <atomic>
#include <thread>

#include "tests/runtime/sys/scratch.hpp"

using namespace gantry;
using test::scratch;

namespace {

/// A chain of `depth` directories, each with a file: longer than any path, so it is made step by step.
void make_chain(const std::string& top, int depth) {
  sys::unique_fd at(::open(top.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int i = 0; i < depth; ++i) {
    REQUIRE(::mkdirat(at.get(), "directory", 0755) == 0);
    sys::unique_fd file(::openat(at.get(), "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    REQUIRE(file);
    at = sys::unique_fd(::openat(at.get(), "directory", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    REQUIRE(at);
  }
}

/// Lowers the limit on descriptors for its life.
class descriptor_limit {
public:
  explicit descriptor_limit(rlim_t limit) {
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
    rlimit lower{limit, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &lower) == 0);
  }
  ~descriptor_limit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
  rlimit before_{};
};

} // namespace

TEST_CASE("a tree is removed with all kinds of entries in it") {
  scratch dir;
  dir.make_directory("t/a/b");
  dir.make_directory("t/a/empty");
  dir.make_file("t/a/b/file");
  dir.make_file("t/.hidden");
  dir.make_link("nowhere", "t/dangling");
  REQUIRE(::mkfifo((dir / "t/fifo").c_str(), 0600) == 0);
  dir.make_file("t/\x1b\xff\n");
  CHECK(sys::remove_tree(dir / "t"));
  CHECK_FALSE(dir.has("t"));
}

TEST_CASE("removing what is absent is success, and a file or symlink is removed itself") {
  scratch dir;
  CHECK(sys::remove_tree(dir / "absent"));
  CHECK(sys::remove_tree(dir / "absent/below"));
  dir.make_file("file");
  CHECK(sys::remove_tree(dir / "file"));
  CHECK_FALSE(dir.has("file"));
  dir.make_directory("kept");
  dir.make_link("kept", "link");
  CHECK(sys::remove_tree(dir / "link/"));
  CHECK_FALSE(dir.has("link"));
  CHECK(dir.has("kept"));
}

TEST_CASE("symlinks in a tree are not followed") {
  scratch dir;
  dir.make_directory("outside/below");
  dir.make_file("outside/file");
  dir.make_directory("t");
  dir.make_link(dir / "outside", "t/absolute");
  dir.make_link("../outside", "t/relative");
  dir.make_link("..", "t/up");
  CHECK(sys::remove_tree(dir / "t"));
  CHECK(dir.has("outside/file"));
  CHECK(dir.has("outside/below"));
}

TEST_CASE("a tree deeper than any path is removed with few descriptors") {
  scratch dir;
  dir.make_directory("t");
  make_chain(dir / "t", 5000);
  auto before = test::open_descriptors();
  {
    descriptor_limit limit(before + 80);
    CHECK(sys::remove_tree(dir / "t"));
  }
  CHECK_FALSE(dir.has("t"));
  CHECK(test::open_descriptors() == before);
}

TEST_CASE("a deep tree with branches on the way is removed whole") {
  scratch dir;
  dir.make_directory("t");
  make_chain(dir / "t", 150);
  auto level = dir / "t";
  for (int i = 0; i < 150; i += 7) {
    for (const auto* name : {"/1/x/y", "/zz/x"}) REQUIRE(sys::make_directories(level + name, 0755));
    for (int step = 0; step < 7; ++step) level += "/directory";
  }
  CHECK(sys::remove_tree(dir / "t"));
  CHECK_FALSE(dir.has("t"));
}

TEST_CASE("a wide tree is removed whole") {
  scratch dir;
  dir.make_directory("t");
  for (int i = 0; i < 3000; ++i) {
    auto name = dir / ("t/" + std::to_string(i));
    if (i % 3 == 0)
      REQUIRE(::mkdir(name.c_str(), 0755) == 0);
    else
      REQUIRE(sys::unique_fd(::open(name.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644)));
  }
  CHECK(sys::remove_tree(dir / "t"));
  CHECK_FALSE(dir.has("t"));
}

TEST_CASE("entries that appear meanwhile do not keep a removal going for ever") {
  scratch dir;
  dir.make_directory("t");
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (unsigned i = 0; !stop; ++i) {
      auto name = dir / ("t/" + std::to_string(i % 50));
      (void)::mkdir(name.c_str(), 0755);
    }
  });
  for (int i = 0; i < 3; ++i) {
    auto removed = sys::remove_tree(dir / "t"); // ends; whether it won is the scheduler's choice
    if (!removed) CHECK_THAT(removed.error().message, test::contains("remove " + (dir / "t")));
    (void)::mkdir((dir / "t").c_str(), 0755);
  }
  stop = true;
  writer.join();
  CHECK(sys::remove_tree(dir / "t"));
}

TEST_CASE("two removals of one tree do not disturb each other") {
  scratch dir;
  dir.make_directory("t");
  for (int i = 0; i < 200; ++i) dir.make_directory("t/" + std::to_string(i) + "/a/b");
  std::thread other([&] { (void)sys::remove_tree(dir / "t"); });
  (void)sys::remove_tree(dir / "t");
  other.join();
  CHECK(sys::remove_tree(dir / "t"));
  CHECK_FALSE(dir.has("t"));
}

TEST_CASE("a mount in a tree is not entered, not even one of the same file system", "[root]") {
  scratch dir;
  dir.make_directory("outside");
  dir.make_file("outside/file");
  dir.make_directory("t/a/mounted");
  dir.make_file("t/z");
  REQUIRE(::mount((dir / "outside").c_str(), (dir / "t/a/mounted").c_str(), nullptr, MS_BIND, nullptr) == 0);

  auto refused = sys::remove_tree(dir / "t");
  auto itself = sys::remove_tree(dir / "t/a/mounted");

  REQUIRE(::umount2((dir / "t/a/mounted").c_str(), MNT_DETACH) == 0);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::failed_precondition);
  CHECK_THAT(refused.error().message, test::contains("mounted"));
  REQUIRE_FALSE(itself);
  CHECK(itself.error().code == errc::failed_precondition);
  CHECK(dir.has("outside/file"));
  CHECK_FALSE(dir.has("t/z")); // what could be removed is
  CHECK(sys::remove_tree(dir / "t"));
}
