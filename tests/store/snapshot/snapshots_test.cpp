#include "store/snapshot/snapshots.hpp"

#include <fcntl.h>
#include <sys/xattr.h>

#include "store/folder_name.hpp"
#include "store/root.hpp"
#include "store/snapshot/disk_usage.hpp"
#include "store/snapshot/layers.hpp"
#include "tests/store/temporary_folder.hpp"

using namespace gantry;
using namespace gantry::test;
using namespace gantry::store;

TEST_CASE("a layer is not there until it is committed, and then whole") {
  temporary_folder folder;
  auto root = must(root::open(folder / "store"));
  const auto& paths = root.paths();
  auto made = must(begin_layer(paths, 5));
  CHECK((status_of(made).st_mode & 07777) == 0755);
  write(made + "/file", "content");
  CHECK_FALSE(exists(paths.layer_path(5)));
  must(commit_layer(paths, 5));
  CHECK(must(sys::read_file(paths.layer_path(5) + "/file")) == "content");
  CHECK_FALSE(exists(made));
  CHECK(begin_layer(paths, 5).error().code == errc::already_exists);
  CHECK(commit_layer(paths, 5).error().code == errc::not_found);
}

TEST_CASE("a layer begun again begins empty, and a discarded one leaves nothing") {
  temporary_folder folder;
  auto root = must(root::open(folder / "store"));
  const auto& paths = root.paths();
  write(must(begin_layer(paths, 5)) + "/left-by-a-crash", "");
  auto made = must(begin_layer(paths, 5));
  CHECK_FALSE(exists(made + "/left-by-a-crash"));
  must(discard_layer(paths, 5));
  must(discard_layer(paths, 5));
  CHECK_FALSE(exists(made));
}

TEST_CASE("a commit does not replace a folder that is there") {
  temporary_folder folder;
  auto root = must(root::open(folder / "store"));
  must(begin_layer(root.paths(), 5));
  must(sys::make_directories(root.paths().layer_path(5), 0755));
  CHECK(commit_layer(root.paths(), 5).error().code == errc::already_exists);
}

TEST_CASE("a snapshot without a layer has an upper of 0755 and an empty work folder, whatever the umask") {
  temporary_folder folder;
  auto root = must(root::open(folder / "store"));
  const auto& paths = root.paths();
  auto before = ::umask(077);
  auto made = prepare_snapshot(paths, 3, std::nullopt);
  ::umask(before);
  must(made);
  CHECK((status_of(paths.snapshot_path(3)).st_mode & 07777) == 0700);
  CHECK((status_of(paths.snapshot_upper(3)).st_mode & 07777) == 0755);
  CHECK((status_of(paths.snapshot_work(3)).st_mode & 07777) == 0700);
  CHECK(prepare_snapshot(paths, 3, std::nullopt).error().code == errc::already_exists);
}

TEST_CASE("an upper looks like the root folder of the top layer", "[root]") {
  temporary_folder folder;
  auto root = must(root::open(folder / "store"));
  const auto& paths = root.paths();
  auto layer = must(begin_layer(paths, 1));
  must(commit_layer(paths, 1));
  layer = paths.layer_path(1);
  REQUIRE(::chown(layer.c_str(), 12, 34) == 0);
  REQUIRE(::chmod(layer.c_str(), 01751) == 0);
  bool opaque = ::setxattr(layer.c_str(), "trusted.overlay.opaque", "y", 1, 0) == 0;
  bool labelled = ::setxattr(layer.c_str(), "trusted.label", "v", 1, 0) == 0;
  timespec times[] = {{1, 2}, {3, 4}};
  REQUIRE(::utimensat(AT_FDCWD, layer.c_str(), times, 0) == 0);

  must(prepare_snapshot(paths, 2, 1));
  auto upper = paths.snapshot_upper(2);
  auto status = status_of(upper);
  CHECK((status.st_mode & 07777) == 01751);
  CHECK(status.st_uid == 12);
  CHECK(status.st_gid == 34);
  CHECK(status.st_mtim.tv_sec == 3);
  CHECK(status.st_mtim.tv_nsec == 4);
  char value = 0;
  if (opaque) CHECK(::getxattr(upper.c_str(), "trusted.overlay.opaque", &value, 1) < 0);
  if (labelled) CHECK(::getxattr(upper.c_str(), "trusted.label", &value, 1) == 1);
}

TEST_CASE("a snapshot above a layer that is not there leaves nothing") {
  temporary_folder folder;
  auto root = must(root::open(folder / "store"));
  CHECK(prepare_snapshot(root.paths(), 2, 77).error().code == errc::not_found);
  CHECK_FALSE(exists(root.paths().snapshot_path(2)));
}

TEST_CASE("a retired snapshot is gone at once and its content later; retiring again is no error") {
  temporary_folder folder;
  auto root = must(root::open(folder / "store"));
  const auto& paths = root.paths();
  must(prepare_snapshot(paths, 3, std::nullopt));
  write(paths.snapshot_upper(3) + "/file", "content");
  auto gone = must(retire_snapshot(paths, 3));
  CHECK_FALSE(exists(paths.snapshot_path(3)));
  CHECK(exists(gone + "/upper/file"));
  CHECK(folder_name::parse(gone.substr(gone.rfind('/') + 1)).number == 3);
  CHECK(must(retire_snapshot(paths, 3)).empty());
  must(sys::remove_tree(gone));
}

TEST_CASE("the usage of a tree counts blocks, and a file with two names once") {
  temporary_folder folder;
  must(sys::make_directories(folder / "a/b/c", 0755));
  write(folder / "a/b/big", std::string(1 << 20, 'x'));
  auto before = must(measure_disk_usage(folder.path()));
  CHECK(before.bytes >= 1u << 20);
  CHECK(before.folder_bytes <= before.bytes - (1u << 20));
  CHECK(before.whole);
  REQUIRE(::link((folder / "a/b/big").c_str(), (folder / "a/again").c_str()) == 0);
  REQUIRE(::symlink("/", (folder / "a/out").c_str()) == 0);
  REQUIRE(::truncate((folder / "a/hole").c_str(), 0) != 0); // not there
  auto after = must(measure_disk_usage(folder.path()));
  CHECK(after.bytes < before.bytes + (1u << 20));
}

TEST_CASE("the usage of a tree is bounded in entries and depth, and ends when nobody waits") {
  temporary_folder folder;
  must(sys::make_directories(folder / "1/2/3/4/5", 0755));
  CHECK_FALSE(must(measure_disk_usage(folder.path(), {}, {1000, 3})).whole);
  CHECK_FALSE(must(measure_disk_usage(folder.path(), {}, {2, 256})).whole);
  CHECK(must(measure_disk_usage(folder.path())).entries == 6);
  std::stop_source stop;
  stop.request_stop();
  CHECK(measure_disk_usage(folder.path(), stop.get_token()).error().code == errc::cancelled);
  CHECK(measure_disk_usage(folder / "none").error().code == errc::not_found);
}
