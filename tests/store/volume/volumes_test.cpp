#include "store/volume/volumes.hpp"

#include <algorithm>

#include "store/root.hpp"
#include "tests/store/temporary_folder.hpp"

using namespace gantry;
using namespace gantry::test;
using namespace gantry::store;

TEST_CASE("a volume's name is of Docker's form") {
  for (const auto& good : {std::string("ab"), std::string("0a"), std::string("My_vol-1.2"), std::string(255, 'a')})
    CHECK(check_volume_name(good));
  for (const auto& bad :
       {std::string(), std::string("a"), std::string(".."), std::string(".a"), std::string("-a"), std::string("a/b"),
        std::string("a b"), std::string("a\0b", 3), std::string("\xc3\xa4x"), std::string(256, 'a')}) {
    auto checked = check_volume_name(bad);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == errc::invalid_argument);
  }
}

TEST_CASE("an anonymous volume's name is 64 hex digits, never the same") {
  auto name = anonymous_volume_name();
  CHECK(name.size() == 64);
  CHECK(check_volume_name(name));
  CHECK(name != anonymous_volume_name());
}

TEST_CASE("a volume's data is 0755 in a folder that is the engine's, and made again it keeps its content") {
  temporary_folder folder;
  auto root = must(root::open(folder / "store"));
  const auto& paths = root.paths();
  auto data = must(create_volume_folder(paths, "data"));
  CHECK((status_of(paths.volume_path("data")).st_mode & 07777) == 0700);
  CHECK((status_of(data).st_mode & 07777) == 0755);
  write(data + "/file", "precious");
  CHECK(must(create_volume_folder(paths, "data")) == data);
  CHECK(exists(data + "/file"));
  CHECK_FALSE(create_volume_folder(paths, "../data"));
}

TEST_CASE("a volume whose removal a crash cut short is made anew, without what was in it") {
  temporary_folder folder;
  auto root = must(root::open(folder / "store"));
  const auto& paths = root.paths();
  auto data = must(create_volume_folder(paths, "data"));
  write(data + "/file", "old");
  must(mark_volume_removed(paths, "data"));
  CHECK(is_volume_marked_removed(paths, "data"));
  must(create_volume_folder(paths, "data"));
  CHECK_FALSE(exists(data + "/file"));
  CHECK_FALSE(is_volume_marked_removed(paths, "data"));
}

TEST_CASE("a retired volume is gone at once; again it is no error") {
  temporary_folder folder;
  auto root = must(root::open(folder / "store"));
  const auto& paths = root.paths();
  must(create_volume_folder(paths, "data"));
  auto gone = must(retire_volume(paths, "data"));
  CHECK_FALSE(exists(paths.volume_path("data")));
  must(sys::remove_tree(gone));
  CHECK(must(retire_volume(paths, "data")).empty());
  CHECK(mark_volume_removed(paths, "data").error().code == errc::not_found);
}

TEST_CASE("an empty volume is filled from the image, one with content is not touched") {
  temporary_folder folder;
  auto root = must(root::open(folder / "store"));
  const auto& paths = root.paths();
  must(sys::make_directories(folder / "image/sub", 0750));
  write(folder / "image/sub/file", "from the image");
  REQUIRE(::chmod((folder / "image").c_str(), 01777) == 0);
  auto content = must(sys::rooted_dir::open(folder / "image"));
  auto data = must(create_volume_folder(paths, "data"));

  auto copied = must(copy_up(paths, "data", content));
  CHECK(copied.entries == 2);
  CHECK(must(sys::read_file(data + "/sub/file")) == "from the image");
  CHECK((status_of(data).st_mode & 07777) == 01777);
  write(data + "/sub/file", "changed");
  CHECK(must(copy_up(paths, "data", content)).entries == 0);
  CHECK(must(sys::read_file(data + "/sub/file")) == "changed");
}

TEST_CASE("of a volume's parts, an empty folder alone is filled from the image") {
  temporary_folder folder;
  auto root = must(root::open(folder / "store"));
  const auto& paths = root.paths();
  must(sys::make_directories(folder / "image", 0755));
  write(folder / "image/file", "from the image");
  auto content = must(sys::rooted_dir::open(folder / "image"));
  auto data = must(create_volume_folder(paths, "data"));
  must(sys::make_directories(data + "/empty", 0755));
  must(sys::make_directories(folder / "elsewhere", 0755));
  write(data + "/other", "the user's");
  REQUIRE(::symlink("empty", (data + "/in").c_str()) == 0);
  REQUIRE(::symlink((folder / "elsewhere").c_str(), (data + "/out").c_str()) == 0);

  for (const auto* part : {"none", "other", "out"}) CHECK(must(copy_up(paths, "data", content, part)).entries == 0);
  CHECK_FALSE(exists(folder / "elsewhere/file"));
  CHECK(must(copy_up(paths, "data", content, "in")).entries == 1);
  CHECK(must(sys::read_file(data + "/empty/file")) == "from the image");
  CHECK(must(sys::read_file(data + "/other")) == "the user's");
}

TEST_CASE("a copy that fails leaves the volume empty and nothing beside it") {
  temporary_folder folder;
  auto root = must(root::open(folder / "store"));
  const auto& paths = root.paths();
  must(sys::make_directories(folder / "image", 0755));
  for (int i = 0; i < 5; ++i) write(folder / ("image/" + std::to_string(i)), "x");
  auto content = must(sys::rooted_dir::open(folder / "image"));
  auto data = must(create_volume_folder(paths, "data"));
  auto copied = copy_up(paths, "data", content, {}, {}, {3, 1000, 10});
  REQUIRE_FALSE(copied);
  CHECK(copied.error().code == errc::exhausted);
  CHECK_THAT(copied.error().message, contains("volume data"));
  CHECK_FALSE(exists(paths.volume_path("data") + "/copying"));
  CHECK(must(copy_up(paths, "data", content)).entries == 5);
}

TEST_CASE("what a crash left of a copy is replaced by the next one") {
  temporary_folder folder;
  auto root = must(root::open(folder / "store"));
  const auto& paths = root.paths();
  must(sys::make_directories(folder / "image", 0755));
  write(folder / "image/file", "x");
  auto content = must(sys::rooted_dir::open(folder / "image"));
  auto data = must(create_volume_folder(paths, "data"));
  must(sys::make_directories(paths.volume_path("data") + "/copying", 0700));
  write(paths.volume_path("data") + "/copying/half", "x");
  must(copy_up(paths, "data", content));
  CHECK(exists(data + "/file"));
  CHECK_FALSE(exists(data + "/half"));
}
