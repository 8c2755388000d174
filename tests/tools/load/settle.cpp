#include "tools/gantry-load/scenario/settle.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/catch.hpp"

using namespace gantry::load;
using namespace std::chrono_literals;
using gantry::test::contains;

namespace {

struct folder {
  folder() { std::filesystem::create_directories(path + "/there"); }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  ~folder() { std::filesystem::remove_all(path); }
  std::string path = "/tmp/gantry-test-settle-" + std::to_string(::getpid());
};

task<> settle_then(run_state& run, const folder_counts& before, std::optional<double>& took, bool& over) {
  took = co_await settle(run, before);
  over = true;
}

/// What settle() says, for a run with this timeout; the failures go to `failures`.
std::optional<double> settled(const folder_counts& before, std::chrono::milliseconds timeout,
                              std::map<std::string, std::uint64_t>& failures) {
  auto loop = event_loop::make();
  REQUIRE(loop);
  settings asked;
  asked.socket = "/nobody";
  asked.timeout = timeout;
  run_state run(**loop, asked, "r");
  std::optional<double> took;
  bool over = false;
  group all(**loop);
  all.spawn(settle_then(run, before, took, over));
  (*loop)->run(over);
  failures = run.measured.failures;
  return took;
}

} // namespace

TEST_CASE("a folder has grown when it holds more folders than before, files and links do not count") {
  folder here;
  folder_counts before({here.path, here.path + "/later"});
  CHECK_FALSE(before.grown());
  { const std::ofstream made(here.path + "/file"); }
  std::filesystem::create_directory_symlink(here.path + "/there", here.path + "/link");
  CHECK_FALSE(before.grown());
  std::filesystem::create_directory(here.path + "/one");
  auto grown = before.grown();
  REQUIRE(grown);
  CHECK_THAT(*grown, contains(here.path + " holds 2 folders, 1 before"));
  // Others may come in the place of those that were there.
  std::filesystem::remove(here.path + "/there");
  CHECK_FALSE(before.grown());
  std::filesystem::create_directories(here.path + "/later/x");
  CHECK(before.grown());
}

TEST_CASE("settling lasts until the folders are as empty as before") {
  folder here;
  folder_counts before({here.path});
  std::map<std::string, std::uint64_t> failures;
  auto took = settled(before, 20s, failures);
  REQUIRE(took);
  CHECK(*took < 1);
  std::filesystem::create_directory(here.path + "/one");
  std::thread remover([&] {
    std::this_thread::sleep_for(50ms);
    std::filesystem::remove(here.path + "/one");
  });
  took = settled(before, 20s, failures);
  remover.join();
  REQUIRE(took);
  CHECK(*took > 0.02);
  CHECK(failures.empty());
}

TEST_CASE("what does not settle in time is a failure that names the folder") {
  folder here;
  folder_counts before({here.path});
  std::filesystem::create_directory(here.path + "/one");
  std::map<std::string, std::uint64_t> failures;
  CHECK_FALSE(settled(before, 30ms, failures));
  REQUIRE(failures.size() == 1);
  CHECK(failures.begin()->first == "settle: " + here.path + " holds 2 folders, 1 before the run");
}
