#include "store/sweep.hpp"

#include <algorithm>
#include <random>
#include <set>

#include "store/meta/database.hpp"
#include "store/root.hpp"
#include "store/snapshot/layers.hpp"
#include "store/snapshot/snapshots.hpp"
#include "store/volume/volumes.hpp"
#include "tests/store/sample_records.hpp"
#include "tests/store/temporary_folder.hpp"

using namespace gantry;
using namespace gantry::test;
using namespace gantry::store;

namespace {

constexpr unix_nanos day = 86'400'000'000'000;
constexpr unix_nanos now = 100 * day;
constexpr std::uint64_t things = 12; ///< of each kind in a random store

/// A random store, and beside it what a slow and simple reading of the rules says must stay.
struct random_store {
  explicit random_store(unsigned seed) : dice(seed) {
    for (std::uint64_t n = 1; n <= things; ++n) add_image();
    for (std::uint64_t n = 1; n <= things; ++n) add_container(n);
    for (std::uint64_t n = 1; n <= things; ++n) add_lease(n);
    for (std::uint64_t n = 1; n <= things; ++n) add_content(n);
  }

  bool sometimes() { return std::uniform_int_distribution<int>(0, 2)(dice) == 0; }
  std::uint64_t any() { return std::uniform_int_distribution<std::uint64_t>(1, things)(dice); }
  static key container(std::uint64_t n) { return {n % 2 == 0 ? "docker" : "k8s", std::to_string(n)}; }
  static std::string volume(std::uint64_t n) { return "volume-" + std::to_string(n); }

  void add_image() {
    if (!sometimes()) return;
    image record;
    record.id = digest_of_number(any());
    record.manifest_descriptor.content = digest_of_number(any());
    record.layers.push_back({});
    record.layers[0].content = digest_of_number(any());
    record.layer_folders = {any(), any()};
    keep_blobs.insert({record.id, record.manifest_descriptor.content, record.layers[0].content});
    keep_layers.insert(record.layer_folders.begin(), record.layer_folders.end());
    records.images.push_back(record);
  }

  void add_container(std::uint64_t n) {
    if (!sometimes()) return;
    container_record record;
    record.name = container(n);
    record.layers = {any()};
    record.snapshot = sometimes() ? 0 : n;
    if (sometimes()) record.mounts.push_back({"volume", volume(any()), "", "/data", false, "", false, false, {}});
    keep_containers.insert(record.name);
    keep_layers.insert(record.layers[0]);
    if (record.snapshot != 0) keep_snapshots.insert(n);
    for (const auto& mount : record.mounts) keep_volumes.insert(mount.name);
    records.containers.push_back(record);
  }

  void add_lease(std::uint64_t n) {
    if (!sometimes()) return;
    lease held{"lease-" + std::to_string(n), static_cast<lease::kind>(n % 5), "", 0};
    auto what = any();
    switch (held.type) {
    case lease::kind::blob:
      held.what = digest_of_number(what).str();
      break;
    case lease::kind::layer:
    case lease::kind::snapshot:
      held.what = std::to_string(what);
      break;
    case lease::kind::container:
      held.what = to_string(container(what));
      break;
    case lease::kind::volume:
      held.what = volume(what);
      break;
    }
    bool under_way = sometimes(); // its holder lives: the date does not matter
    bool past = sometimes();
    held.expires = past ? now - 1 : sometimes() ? 0 : now + 1;
    (under_way ? live : records.leases).push_back(held);
    if (past && !under_way) return;
    if (held.type == lease::kind::blob) keep_blobs.insert(digest_of_number(what));
    if (held.type == lease::kind::layer) keep_layers.insert(what);
    if (held.type == lease::kind::snapshot) keep_snapshots.insert(what);
    if (held.type == lease::kind::container) keep_containers.insert(container(what));
    if (held.type == lease::kind::volume) keep_volumes.insert(volume(what));
  }

  void add_content(std::uint64_t n) {
    if (!sometimes()) records.layers.push_back({n, digest_of_number(n + 500), 1});
    if (!sometimes()) {
      records.snapshots.push_back({n, container(n), snapshot_record::durability::durable});
      owners.push_back(n);
    }
    if (sometimes()) {
      records.volumes.push_back({"docker", volume(n), false, {}, 0});
      keep_volumes.insert(volume(n));
    }
    disk.blobs.push_back(digest_of_number(n));
    disk.ingests.push_back({digest_of_number(n), n % 2 == 0 ? now : now - 2 * day});
    disk.layers.push_back({n, folder_name::state::whole, std::to_string(n)});
    disk.snapshots.push_back({n, folder_name::state::whole, std::to_string(n)});
    disk.containers.push_back(container(n));
    disk.volumes.push_back({volume(n), n % 3 == 0, n % 3 == 1});
  }

  std::mt19937 dice;
  everything records;
  std::vector<lease> live;
  folders disk;
  std::vector<std::uint64_t> owners;
  std::set<digest> keep_blobs;
  std::set<std::uint64_t> keep_layers, keep_snapshots;
  std::set<key> keep_containers;
  std::set<std::string> keep_volumes;
};

std::set<std::uint64_t> numbers_of(const std::vector<folders::numbered>& list) {
  std::set<std::uint64_t> numbers;
  for (const auto& folder : list) numbers.insert(folder.number);
  return numbers;
}

template<class T>
bool has(const std::vector<T>& list, const T& what) {
  return std::find(list.begin(), list.end(), what) != list.end();
}

} // namespace

TEST_CASE("nothing that is reached is swept, and everything else is") {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    random_store s(seed);
    // A snapshot's record is worth what its owner is.
    for (auto n : s.owners)
      if (s.keep_containers.contains(random_store::container(n))) s.keep_snapshots.insert(n);
    auto found = unreachable(s.records, s.disk, s.live, now);
    REQUIRE(found.withheld.empty());
    auto layers = numbers_of(found.layers), snapshots = numbers_of(found.snapshots);
    for (std::uint64_t n = 1; n <= things; ++n) {
      INFO("thing " << n);
      auto content = digest_of_number(n);
      bool old = n % 2 == 1, disposable = n % 3 != 2;
      bool ok =
          has(found.blobs, content) == !s.keep_blobs.contains(content) &&
          has(found.ingests, content) == (!s.keep_blobs.contains(content) && old) &&
          layers.contains(n) == !s.keep_layers.contains(n) && snapshots.contains(n) == !s.keep_snapshots.contains(n) &&
          has(found.containers, random_store::container(n)) == !s.keep_containers.contains(random_store::container(n));
      REQUIRE(ok);
      bool kept = s.keep_volumes.contains(random_store::volume(n));
      REQUIRE(has(found.volumes, random_store::volume(n)) == (!kept && disposable));
      REQUIRE(has(found.unclaimed_volumes, random_store::volume(n)) == (!kept && !disposable));
    }
    for (const auto& record : found.records)
      if (const auto* layer = std::get_if<erase_layer>(&record)) REQUIRE_FALSE(s.keep_layers.contains(layer->folder));
  }
}

TEST_CASE("the layers of an image that a container has mounted are kept, its name gone or not") {
  everything records;
  for (std::uint64_t n = 1; n <= 3; ++n) records.layers.push_back({n, digest_of_number(n), 1});
  container_record record;
  record.name = {"docker", "1"};
  record.layers = {1};
  resolved_mount mount;
  mount.type = "image";
  mount.layer_folders = {2};
  record.mounts = {mount};
  records.containers.push_back(record);
  const auto found = unreachable(records, {}, {}, now);
  REQUIRE(found.records.size() == 1);
  CHECK(std::get<erase_layer>(found.records[0]).folder == 3);
}

TEST_CASE("a record that cannot be read withholds the sweep, and says which it is") {
  random_store s(1);
  s.records.problems.push_back({"containers", "docker/abc", {errc::corrupt, "not JSON", 0}});
  s.disk.gone = {"/x/.gone-1-0"};
  auto found = unreachable(s.records, s.disk, {}, now);
  CHECK_THAT(found.withheld, contains("docker/abc"));
  CHECK((found.records.empty() && found.blobs.empty() && found.layers.empty() && found.snapshots.empty()));
  CHECK((found.containers.empty() && found.volumes.empty() && found.ingests.empty()));
  CHECK(found.gone.size() == 1);
}

TEST_CASE("a layer being extracted is kept by the lease on its number alone") {
  everything records;
  folders disk;
  disk.layers = {{7, folder_name::state::made, ".new-7"}, {8, folder_name::state::made, ".new-8"}};
  std::vector<lease> live = {{"pull", lease::kind::layer, "7", 0}};
  auto found = unreachable(records, disk, live, now);
  CHECK(numbers_of(found.layers) == std::set<std::uint64_t>{8});
}

TEST_CASE("a lease on a layer's digest keeps its record and its folder") {
  everything records;
  records.layers = {{7, digest_of_number(7), 1}, {8, digest_of_number(8), 1}};
  folders disk;
  disk.layers = {{7, folder_name::state::whole, "7"}, {8, folder_name::state::whole, "8"}};
  std::vector<lease> live = {{"pull", lease::kind::layer, digest_of_number(7).str(), 0}};
  auto found = unreachable(records, disk, live, now);
  CHECK(numbers_of(found.layers) == std::set<std::uint64_t>{8});
  REQUIRE(found.records.size() == 1);
  CHECK(std::get<erase_layer>(found.records[0]).folder == 8);
}

TEST_CASE("records whose content the disk lost are named, not erased") {
  everything records;
  records.images.push_back(sample_image(1));
  records.images[0].layer_folders = {4};
  records.containers.push_back(sample_container("a"));
  records.containers[0].snapshot = 9;
  records.volumes.push_back({"docker", "data", false, {}, 0});
  auto found = unreachable(records, {}, {}, now);
  CHECK(found.missing.size() == 4);
  CHECK(found.records.empty());
}

TEST_CASE("a sweep of a real store takes what crashes left and nothing else") {
  temporary_folder folder;
  auto root = must(root::open(folder / "store"));
  const auto& paths = root.paths();
  auto db = must(database::open(paths.database()));
  for (std::uint64_t n : {1U, 2U}) {
    write(must(begin_layer(paths, n)) + "/file", "x");
    must(commit_layer(paths, n));
  }
  must(begin_layer(paths, 3));
  for (std::uint64_t n : {1U, 2U, 3U}) must(prepare_snapshot(paths, n, 1));
  must(retire_snapshot(paths, 3));
  auto container = sample_container("a");
  container.layers = {1};
  container.snapshot = 1;
  must(sys::make_directories(paths.container_dir(container.name), 0700));
  must(sys::make_directories(paths.container_dir({"docker", "b"}), 0700));
  write(paths.blob_path(digest_of_number(1)), "12345");
  write(paths.ingest() + "/sha256-" + digest_of_number(2).hex(), "part"); // young: kept for a resumed pull
  for (auto name : {"kept", "marked", "unclaimed", "fresh"}) must(create_volume_folder(paths, name));
  for (auto name : {"kept", "marked", "unclaimed"}) write(paths.volume_data(name) + "/file", "x");
  must(mark_volume_removed(paths, "marked"));
  must(db.apply(std::vector<change>{put_container{container}, put_layer{{1, digest_of_number(11), 1}},
                                    put_layer{{2, digest_of_number(12), 1}},
                                    put_snapshot{{1, container.name, snapshot_record::durability::durable}},
                                    put_volume{{"docker", "kept", false, {}, 0}}}));

  auto wall = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch());
  auto found = unreachable(must(db.load_all()), must(list_folders(paths)), {}, wall.count());
  CHECK(found.missing.empty());
  CHECK(found.unclaimed_volumes == std::vector<std::string>{"unclaimed"});
  must(db.apply(found.records, sys::durability::synced));
  auto done = remove_garbage(paths, found);
  CHECK(done.failures.empty());
  CHECK(done.blob_bytes == 5);

  auto left = must(list_folders(paths));
  CHECK(numbers_of(left.layers) == std::set<std::uint64_t>{1});
  CHECK(numbers_of(left.snapshots) == std::set<std::uint64_t>{1});
  CHECK(left.containers == std::vector<key>{container.name});
  CHECK(left.blobs.empty());
  CHECK(left.ingests.size() == 1);
  CHECK(left.gone.empty());
  CHECK(left.volumes.size() == 2);
  CHECK(must(db.load_all()).layers.size() == 1);
  auto again = unreachable(must(db.load_all()), left, {}, wall.count());
  CHECK((again.records.empty() && again.layers.empty() && again.containers.empty() && again.volumes.empty()));
}
