#include "runtime/monitor/bundle_folder.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "tests/runtime/sys/scratch.hpp"

namespace {

using namespace gantry;
using gantry::monitor::bundle_folder;

bool is_mounted(const test::scratch& run) {
  const auto mounts = sys::read_file("/proc/self/mountinfo", 16 << 20).value();
  return mounts.find(" " + (run / "bundles") + " ") != std::string::npos;
}

/// A run folder whose bundles are unmounted at the end, whatever the test did.
struct run_folder : test::scratch {
  ~run_folder() { ::umount2((*this / "bundles").c_str(), MNT_DETACH); }
};

} // namespace

TEST_CASE("the last monitor of a run folder unmounts the bundles", "[root]") {
  const run_folder run;
  auto one = bundle_folder::open(run.path()), other = bundle_folder::open(run.path());
  REQUIRE(one);
  REQUIRE(other);
  CHECK(is_mounted(run));
  one->close();
  CHECK(is_mounted(run));
  one = tl::unexpected<error>(error{}); // the monitor has ended
  other->close();
  CHECK_FALSE(is_mounted(run));
}

TEST_CASE("the bundles are unmounted although a process still works in them", "[root]") {
  const run_folder run;
  auto bundles = bundle_folder::open(run.path());
  REQUIRE(bundles);
  run.make_directory("bundles/docker-gone");
  const sys::unique_fd inside(::open((run / "bundles/docker-gone").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  REQUIRE(inside);
  bundles->close();
  CHECK_FALSE(is_mounted(run));
  CHECK_FALSE(run.has("bundles/docker-gone"));
  bundles = tl::unexpected<error>(error{}); // the monitor has ended
  // The next one has a new tmpfs, which is not that of the process.
  auto next = bundle_folder::open(run.path());
  REQUIRE(next);
  CHECK(is_mounted(run));
  next->close();
  CHECK_FALSE(is_mounted(run));
}

TEST_CASE("bundles of containers keep the mount", "[root]") {
  const run_folder run;
  auto bundles = bundle_folder::open(run.path());
  REQUIRE(bundles);
  run.make_directory("bundles/docker-here");
  run.make_file("bundles/docker-here/config.json");
  bundles->close();
  CHECK(is_mounted(run));
  CHECK(run.has("bundles/docker-here/config.json"));
}
