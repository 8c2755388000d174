#include <sys/mount.h>
#include <unistd.h>

#include <fstream>

#include "store/meta/database.hpp"
#include "tests/store/sample_records.hpp"
#include "tests/store/temporary_folder.hpp"

using namespace gantry;
using namespace gantry::test;
using namespace gantry::store;

namespace {

/// A file system of a few MiB.
class small_disk {
public:
  explicit small_disk(std::string at) : at_(std::move(at)) {
    must(sys::make_directories(at_, 0700));
    REQUIRE(::mount("tmpfs", at_.c_str(), "tmpfs", 0, "size=8m") == 0);
  }
  ~small_disk() { ::umount2(at_.c_str(), MNT_DETACH); }
  small_disk(const small_disk&) = delete;
  small_disk& operator=(const small_disk&) = delete;

private:
  std::string at_;
};

/// Containers with much to say, until the disk is full. How many were put.
int fill(database& db, result<void>& last) {
  for (int n = 0;; ++n) {
    auto record = sample_container(std::to_string(n));
    record.options.labels["text"] = std::string(100'000, 'x');
    auto done = db.apply(std::vector<change>{put_container{record}});
    if (done) continue;
    last = tl::unexpected(done.error());
    return n;
  }
}

} // namespace

TEST_CASE("on a full disk a put fails with a sentence, and erasures go on by the reserve", "[root]") {
  temporary_folder folder;
  small_disk disk(folder / "disk");
  auto path = folder / "disk/meta.db";
  auto reserve = folder / "disk/reserve";
  auto db = must(database::open(path));
  CHECK(status_of(reserve).st_blocks * 512 == 4 << 20);

  result<void> last;
  int put = fill(db, last);
  REQUIRE(put > 5);
  CHECK(last.error().code == errc::exhausted);
  CHECK_THAT(last.error().message, contains("the disk is full"));
  CHECK(must(db.load_all()).containers.size() == static_cast<std::size_t>(put));
  CHECK(exists(reserve));

  // The last blocks go too: now nothing can be written but by the reserve.
  std::ofstream(folder / "disk/filler") << std::string(4 << 20, 'x');
  auto big = sample_container("big");
  big.options.labels["text"] = std::string(1'000'000, 'x');
  std::vector<change> changes = {put_container{big}};
  for (int n = 0; n < put; ++n) changes.emplace_back(erase_container{{"docker", std::to_string(n)}});
  auto outcomes = must(db.apply(changes, sys::durability::synced));
  REQUIRE_FALSE(outcomes[0]);
  CHECK(outcomes[0].error().code == errc::exhausted);
  for (std::size_t i = 1; i < outcomes.size(); ++i) must(outcomes[i]);
  CHECK(must(db.load_all()).containers.empty());
  CHECK_FALSE(exists(reserve));
}

TEST_CASE("an engine starts on a full disk to remove things, and keeps a reserve again once there is room", "[root]") {
  temporary_folder folder;
  small_disk disk(folder / "disk");
  auto path = folder / "disk/meta.db";
  must(must(database::open(path)).apply(std::vector<change>{put_container{sample_container("a")}}));
  auto filler = folder / "disk/filler";
  std::ofstream(filler) << std::string(8 << 20, 'x'); // as much as there is room for
  auto db = must(database::open(path));
  for (const auto& outcome : must(db.apply(std::vector<change>{erase_container{{"docker", "a"}}}))) must(outcome);
  CHECK(must(db.load_all()).containers.empty());
  CHECK_FALSE(exists(folder / "disk/reserve"));
  must(sys::remove_tree(filler));
  must(db.checkpoint());
  CHECK(exists(folder / "disk/reserve"));
}
