#include "tools/gantry-load/watch/processes.hpp"

#include <unistd.h>

#include "tests/catch.hpp"
#include "tests/tools/load/near.hpp"
#include "tools/gantry-load/watch/usage.hpp"

using namespace gantry::load;
using gantry::test::near;

namespace {

process named(pid_t pid, pid_t parent, const char* name) {
  process made;
  made.pid = pid;
  made.parent = parent;
  made.name = name;
  return made;
}

const std::vector<process> host{
    named(10, 1, "gantryd"),         named(11, 10, "gantry-monitor"),
    named(12, 11, "gantry-zygote"),  named(13, 11, "sh"),
    named(14, 13, "gantry-monitor"), // a container's own process may have any name
    named(20, 1, "gantry-monitor"),  // outlived its engine
    named(21, 20, "gantry-zygote"),  named(30, 1, "gantryd"),
    named(31, 30, "gantry-monitor"), named(40, 1, "dockerd"),
    named(41, 1, "containerd"),      named(42, 1, "containerd-shim"),
    named(43, 42, "sleep"),
};

std::string command(pid_t pid) { return pid == 20 ? std::string("gantry-monitor\0/run/a/x", 23) : "gantry-monitor"; }

std::vector<pid_t> chosen(engine_selection which) {
  std::vector<pid_t> pids;
  for (const auto& one : select_engine(host, which, command)) pids.push_back(one.pid);
  return pids;
}

} // namespace

TEST_CASE("a line of /proc/pid/stat is read, whatever the name holds") {
  auto got = parse_stat("4711 (a) (b) c) S 17 1 1 0 -1 4194560 1 2 3 4 100 20 7 3 20 0 9 0 123456 1000 200");
  REQUIRE(got);
  CHECK(got->pid == 4711);
  CHECK(got->name == "a) (b) c");
  CHECK(got->parent == 17);
  CHECK(got->cpu == 120);
  CHECK(got->reaped_cpu == 10);
  CHECK(got->threads == 9);
  CHECK(got->started == 123456);
  for (auto bad : {"", "1 (x", "1 x) (", "1 (x)", "1 (x) S 1 2 3"}) CHECK_FALSE(parse_stat(bad));
}

TEST_CASE("this process is among those of the host") {
  bool found = false;
  for (const auto& one : read_processes()) found = found || (one.pid == ::getpid() && one.parent == ::getppid());
  CHECK(found);
}

TEST_CASE("of Gantry, its own monitors and zygotes are sampled, and those that outlived an engine") {
  CHECK(chosen({10, {}, "/run/a", true}) == std::vector<pid_t>{10, 11, 12, 20, 21});
  CHECK(chosen({10, {}, "/run/b", true}) == std::vector<pid_t>{10, 11, 12});
}

TEST_CASE("when gantryd has died, what it leaves is sampled, and no other engine") {
  CHECK(chosen({0, {}, "/run/a", true}) == std::vector<pid_t>{20, 21});
}

TEST_CASE("of another engine, shims are sampled though they are nobody's children") {
  CHECK(chosen({40, {}, "/run", false}) == std::vector<pid_t>{40, 41, 42});
}

TEST_CASE("names that are given are looked for on the whole host") {
  CHECK(chosen({10, {"containerd-shim-runc-v2", "sleep"}, "/run/a", true}) == std::vector<pid_t>{10, 42, 43});
}

TEST_CASE("CPU counts from the first sample, and of a later process all of it") {
  auto ms_per_tick = 1e3 / static_cast<double>(::sysconf(_SC_CLK_TCK));
  usage_sum sum;
  auto old = named(1, 0, "old"), fresh = named(2, 0, "fresh"), again = named(2, 0, "again");
  old.cpu = 100;
  old.reaped_cpu = 50;
  sum.add({1, 4, 9, 500}, {old});
  old.cpu = 130;
  old.reaped_cpu = 55;
  fresh.cpu = 7;
  sum.add({2, 8, 3, 900}, {old, fresh});
  again.started = 99; // the same pid, another process
  again.cpu = 2;
  sum.add({2, 5, 4, 700}, {old, again});
  auto got = sum.so_far();
  CHECK(near(got.cpu_ms, (30 + 7 + 2) * ms_per_tick));
  CHECK(near(got.reaped_cpu_ms, 5 * ms_per_tick));
  CHECK(got.start.pss_kb == 500);
  CHECK(got.peak.pss_kb == 900);
  CHECK(got.peak.threads == 8);
  CHECK(got.peak.descriptors == 9);
  CHECK(got.end.pss_kb == 700);
  CHECK(got.samples == 3);
}
