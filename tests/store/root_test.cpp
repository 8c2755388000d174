#include "store/root.hpp"

#include <sys/wait.h>

#include "store/numbers.hpp"
#include "tests/store/temporary_folder.hpp"

using namespace gantry;
using namespace gantry::test;

TEST_CASE("opening a root makes its folders for the engine alone, and writes the version") {
  temporary_folder folder;
  auto root = must(store::root::open(folder / "store/"));
  const auto& paths = root.paths();
  CHECK(paths.root() == folder / "store");
  for (const auto& made : {paths.root(), paths.blobs(digest::algorithm::sha256), paths.ingest(), paths.layers(),
                           paths.snapshots(), paths.containers(), paths.volumes()}) {
    INFO(made);
    CHECK((status_of(made).st_mode & 07777) == 0700);
  }
  CHECK(must(sys::read_file(paths.version_file())) == "1\n");
}

TEST_CASE("a second engine on the same root is refused with a sentence, and the first one's end lets it in") {
  temporary_folder folder;
  auto path = folder / "store";
  {
    auto first = must(store::root::open(path));
    auto second = store::root::open(path);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == errc::failed_precondition);
    CHECK_THAT(second.error().message, contains("in use by process " + std::to_string(::getpid())));
  }
  must(store::root::open(path));
}

TEST_CASE("the lock of a root ends with its process, however it ends") {
  temporary_folder folder;
  auto path = folder / "store";
  auto child = ::fork();
  if (child == 0) {
    auto held = store::root::open(path);
    if (held) ::raise(SIGKILL);
    ::_exit(1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  must(store::root::open(path));
}

TEST_CASE("a newer layout is refused, naming both versions, and left as it is") {
  temporary_folder folder;
  write(folder / "VERSION", "7\n");
  auto opened = store::root::open(folder.path());
  REQUIRE_FALSE(opened);
  CHECK_THAT(opened.error().message, contains("version 7") && contains("up to 1"));
  CHECK_FALSE(exists(folder / "layers"));
}

TEST_CASE("an older layout is migrated") {
  temporary_folder folder;
  write(folder / "VERSION", "0\n");
  auto root = must(store::root::open(folder.path()));
  CHECK(must(sys::read_file(folder / "VERSION")) == "1\n");
  CHECK(exists(root.paths().layers()));
}

TEST_CASE("a VERSION that is no number is corrupt") {
  temporary_folder folder;
  for (auto text : {"", "x\n", "-1\n", "1 \n", "1\n1\n", "99999999999\n"}) {
    write(folder / "VERSION", text);
    auto opened = store::root::open(folder.path());
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == errc::corrupt);
  }
}

TEST_CASE("somebody else's folder is refused and keeps its mode") {
  temporary_folder folder;
  ::chmod(folder.path().c_str(), 0755);
  write(folder / "letter.txt", "dear");
  auto opened = store::root::open(folder.path());
  REQUIRE_FALSE(opened);
  CHECK_THAT(opened.error().message, contains("letter.txt"));
  CHECK((status_of(folder.path()).st_mode & 07777) == 0755);
  CHECK_FALSE(exists(folder / "lock"));
}

TEST_CASE("what a crash of the first start leaves is no obstacle") {
  temporary_folder folder;
  write(folder / "lock", "123\n");
  write(folder / "VERSION.abcdef", "1");
  must(store::root::open(folder.path()));
}

TEST_CASE("a root that is not an absolute path is refused") {
  CHECK_FALSE(store::root::open("store"));
  CHECK_FALSE(store::root::open(""));
}

TEST_CASE("numbers are never given twice, also over many lives") {
  temporary_folder folder;
  std::uint64_t last = 0;
  for (int life = 0; life < 5; ++life) {
    auto source = must(store::numbers::open(folder.path()));
    for (int i = 0; i < 70; ++i) {
      auto number = must(source.next());
      CHECK(number > last);
      last = number;
    }
  }
}

TEST_CASE("numbers begin after every folder that is there when their file was lost") {
  temporary_folder folder;
  must(sys::make_directories(folder / "12", 0700));
  must(sys::make_directories(folder / ".new-40", 0700));
  must(sys::make_directories(folder / ".gone-90-0123456789abcdef", 0700));
  must(sys::make_directories(folder / "other", 0700));
  write(folder / "next", "nonsense");
  auto source = must(store::numbers::open(folder.path()));
  CHECK(must(source.next()) == 91);
}
