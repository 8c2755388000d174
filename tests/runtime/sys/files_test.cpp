#include "runtime/sys/files.hpp"

#include <algorithm>

#include "tests/runtime/sys/scratch.hpp"

using namespace gantry;
using test::scratch;

TEST_CASE("a written file is read back, and a second writing replaces it") {
  scratch dir;
  for (const auto& content : {std::string(), std::string("one"), std::string(100000, 'x'), std::string("a\0b", 3)}) {
    for (auto how : {sys::durability::cached, sys::durability::synced}) {
      REQUIRE(sys::write_file(dir / "f", content, 0600, how));
      CHECK(sys::read_file(dir / "f").value() == content);
    }
  }
  struct stat status {};
  REQUIRE(::stat((dir / "f").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK(std::distance(std::filesystem::directory_iterator(dir.path()), {}) == 1); // no temporary file is left
}

TEST_CASE("a failed writing leaves nothing behind") {
  scratch dir;
  dir.make_directory("f/x");
  auto written = sys::write_file(dir / "f", "content");
  REQUIRE_FALSE(written);
  CHECK_THAT(written.error().message, test::contains(dir / "f"));
  CHECK(std::distance(std::filesystem::directory_iterator(dir.path()), {}) == 1);
  CHECK(sys::write_file(dir / "absent/f", "x").error().code == errc::not_found);
}

TEST_CASE("a file over the limit is refused, one at the limit is read") {
  scratch dir;
  dir.make_file("f", std::string(100, 'x'));
  CHECK(sys::read_file(dir / "f", 100));
  CHECK(sys::read_file(dir / "f", 99).error().code == errc::exhausted);
  CHECK(sys::read_file("/dev/zero", 1 << 16).error().code == errc::exhausted);
  CHECK(sys::read_file(dir / "absent").error().code == errc::not_found);
}

TEST_CASE("write_all writes all through short writes, and reports a broken pipe") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  sys::unique_fd in(ends[0]), out(ends[1]);
  REQUIRE(sys::write_all(out.get(), "whole"));
  out.reset();
  CHECK(sys::read_all(in.get(), 10, "pipe").value() == "whole");
  CHECK(sys::write_all(-1, "x").error().os_errno == EBADF);
  CHECK(sys::write_all(-1, ""));
}

TEST_CASE("directories are made along a path, and those that exist stay") {
  scratch dir;
  CHECK(sys::make_directories(dir / "a/b/c", 0700));
  CHECK(sys::make_directories(dir / "a/b/c", 0755));
  CHECK(sys::make_directories(dir / "a//b/./d/", 0755));
  CHECK(dir.has("a/b/d"));
  struct stat status {};
  REQUIRE(::stat((dir / "a/b").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);
  dir.make_file("f");
  CHECK_FALSE(sys::make_directories(dir / "f", 0755));
  CHECK_FALSE(sys::make_directories(dir / "f/g", 0755));
  CHECK_FALSE(sys::make_directories("", 0755));
}

TEST_CASE("a process's start time is stable, and a process that is gone has none") {
  auto mine = sys::process_start_time(::getpid());
  REQUIRE(mine);
  CHECK(*mine > 0);
  CHECK(sys::process_start_time(::getpid()).value() == *mine);
  CHECK_FALSE(sys::process_start_time(0));
  CHECK_FALSE(sys::process_start_time(-1));
}

TEST_CASE("a unique_fd closes what it owns, once") {
  auto before = test::open_descriptors();
  {
    sys::unique_fd first(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    sys::unique_fd second(std::move(first));
    CHECK_FALSE(first); // NOLINT(bugprone-use-after-move): what a move leaves is the point
    CHECK(second);
    second = sys::unique_fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    CHECK(test::open_descriptors() == before + 1);
  }
  CHECK(test::open_descriptors() == before);
}
