#include "tests/catch.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include "runtime/cgroup/mode.hpp"
#include "runtime/cgroup/remove.hpp"
#include "runtime/cgroup/stats.hpp"
#include "tests/runtime/spec/fixture.hpp"

using namespace gantry;
using gantry::test::contains;
using gantry::test::put;
using words = std::vector<std::string>;

TEST_CASE("the host's mode is seen from the root's entries") {
  const test::temp_folder root;
  CHECK(cgroup::detect(root.path).error().code == errc::failed_precondition);
  SECTION("v2") {
    put(root.path + "/cgroup.controllers", "memory cpu pids\n");
    const auto found = cgroup::detect(root.path);
    REQUIRE(found);
    CHECK(found->how == cgroup::mode::v2);
    CHECK(found->controllers == words{"cpu", "memory", "pids"});
    CHECK(found->folder_of("memory", "/g/x") == root.path + "/g/x");
    CHECK(found->folder_of("io", "/g/x").empty());
  }
  SECTION("v1 and hybrid") {
    put(root.path + "/memory/tasks", "");
    put(root.path + "/cpu,cpuacct/tasks", "");
    put(root.path + "/systemd/tasks", "");
    CHECK(cgroup::detect(root.path)->how == cgroup::mode::v1);
    put(root.path + "/unified/cgroup.controllers", "hugetlb\n");
    const auto found = cgroup::detect(root.path);
    CHECK(found->how == cgroup::mode::hybrid);
    CHECK(found->controllers == words{"cpu", "cpuacct", "hugetlb", "memory"});
    CHECK(found->folder_of("cpuacct", "/g") == root.path + "/cpu,cpuacct/g");
    CHECK(found->folder_of("hugetlb", "/g") == root.path + "/unified/g");
    CHECK(found->folders_of("/g").size() == 4);
  }
}

TEST_CASE("use is read from v2 files") {
  const test::temp_folder root;
  put(root.path + "/cgroup.controllers", "memory cpu pids\n");
  const auto g = root.path + "/g/x/";
  put(g + "cpu.stat", "usage_usec 30\nuser_usec 10\nsystem_usec 20\nnr_periods 4\nnr_throttled 2\nthrottled_usec 7\n");
  put(g + "memory.current", "4096\n");
  put(g + "memory.max", "max\n");
  put(g + "memory.stat", "anon 1\ninactive_file 1024\n");
  put(g + "io.stat", "8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n8:16 \n");
  put(g + "memory.events", "low 0\noom 3\noom_kill 2\n");
  put(g + "pids.current", "5\n");
  put(g + "pids.max", "100\n");
  const auto host = cgroup::detect(root.path);
  REQUIRE(host);
  const auto use = cgroup::read_stats(*host, "/g/x");
  REQUIRE(use);
  CHECK(use->cpu_total_ns == 30'000);
  CHECK(use->cpu_throttled_ns == 7'000);
  CHECK(use->memory_usage == 4096);
  CHECK(use->memory_limit == 0);
  CHECK(use->memory_inactive_file == 1024);
  CHECK(use->memory_details == std::map<std::string, std::uint64_t>{{"anon", 1}, {"inactive_file", 1024}});
  REQUIRE(use->block_bytes.size() == 2);
  CHECK(use->block_bytes[1].major == 8);
  CHECK(use->block_bytes[1].operation == "write");
  CHECK(use->block_bytes[1].value == 20);
  REQUIRE(use->block_operations.size() == 2);
  CHECK(use->block_operations[0].value == 1);
  CHECK(use->oom_kills == 2);
  CHECK(cgroup::read_oom_kills(*host, "/g/x") == 2u);
  CHECK(use->pids == 5);
  CHECK(use->pids_limit == 100);
  CHECK_FALSE(use->swap);
  CHECK_FALSE(use->cpu_pressure);
  CHECK(cgroup::read_stats(*host, "/g/y").error().code == errc::not_found);
}

TEST_CASE("use is read from v1 files") {
  const test::temp_folder root;
  for (const auto* name : {"memory", "cpu", "cpuacct", "pids", "blkio"}) put(root.path + "/" + name + "/tasks", "");
  put(root.path + "/cpuacct/x/cpuacct.usage", "500\n");
  put(root.path + "/cpuacct/x/cpuacct.stat", "user 100\nsystem 50\n");
  put(root.path + "/cpuacct/x/cpuacct.usage_percpu", "300 200 \n");
  put(root.path + "/blkio/x/blkio.throttle.io_service_bytes_recursive", "8:0 Read 9\n8:0 Total 9\nTotal 9\n");
  put(root.path + "/memory/x/memory.usage_in_bytes", "8192\n");
  put(root.path + "/memory/x/memory.limit_in_bytes", "9223372036854771712\n");
  put(root.path + "/memory/x/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n");
  put(root.path + "/pids/x/pids.current", "3\n");
  const auto host = cgroup::detect(root.path);
  const auto use = cgroup::read_stats(*host, "/x");
  REQUIRE(use);
  CHECK(use->cpu_total_ns == 500);
  CHECK(use->cpu_each_ns == std::vector<std::uint64_t>{300, 200});
  REQUIRE(use->block_bytes.size() == 2);
  CHECK(use->block_bytes[0].operation == "Read");
  CHECK(use->block_bytes[0].value == 9);
  CHECK(use->cpu_user_ns == 2 * use->cpu_system_ns);
  CHECK(use->memory_usage == 8192);
  CHECK(use->memory_limit == 0);
  CHECK(use->oom_kills == 1);
  CHECK(use->pids == 3);
}

TEST_CASE("faults, swap and pressure are read from v2 files") {
  const test::temp_folder root;
  put(root.path + "/cgroup.controllers", "memory cpu pids\n");
  put(root.path + "/g/memory.stat", "anon 8192\npgfault 7\npgmajfault 3\n");
  put(root.path + "/g/memory.swap.current", "100\n");
  put(root.path + "/g/memory.swap.max", "max\n");
  put(root.path + "/g/cgroup.events", "populated 1\nfrozen 0\n");
  put(root.path + "/g/cpu.pressure", "some avg10=1.50 avg60=0.25 avg300=0.00 total=12\n"
                                     "full avg10=0.00 avg60=0.00 avg300=0.00 total=3\n");
  const auto use = cgroup::read_stats(*cgroup::detect(root.path), "/g");
  REQUIRE(use);
  CHECK(use->memory_rss == 8192);
  CHECK(use->page_faults == 7);
  CHECK(use->major_page_faults == 3);
  REQUIRE(use->swap);
  CHECK(use->swap->bytes == 100);
  CHECK(use->swap->limit == 0);
  REQUIRE(use->cpu_pressure);
  CHECK(use->cpu_pressure->some.avg10 == 1.5);
  CHECK(use->cpu_pressure->some.total_ns == 12'000);
  CHECK(use->cpu_pressure->full.total_ns == 3'000);
  CHECK_FALSE(use->io_pressure);
}

TEST_CASE("v1's swap is what its two counters differ by, and pressure needs a process in the unified tree") {
  const test::temp_folder root;
  put(root.path + "/memory/tasks", "");
  put(root.path + "/unified/cgroup.controllers", "\n");
  put(root.path + "/memory/x/memory.usage_in_bytes", "1000\n");
  put(root.path + "/memory/x/memory.limit_in_bytes", "3000\n");
  put(root.path + "/memory/x/memory.memsw.usage_in_bytes", "1500\n");
  put(root.path + "/memory/x/memory.memsw.limit_in_bytes", "5000\n");
  put(root.path + "/memory/x/memory.stat", "total_rss 9\ntotal_pgfault 8\ntotal_pgmajfault 7\n");
  put(root.path + "/unified/x/cgroup.events", "populated 0\n");
  put(root.path + "/unified/x/cpu.pressure", "some avg10=1.00 avg60=0.00 avg300=0.00 total=1\n");
  const auto use = cgroup::read_stats(*cgroup::detect(root.path), "/x");
  REQUIRE(use);
  CHECK(use->memory_rss == 9);
  CHECK(use->page_faults == 8);
  CHECK(use->major_page_faults == 7);
  REQUIRE(use->swap);
  CHECK(use->swap->bytes == 500);
  CHECK(use->swap->limit == 2000);
  CHECK_FALSE(use->cpu_pressure);
}

TEST_CASE("only a path below the root is removed") {
  cgroup::layout host;
  CHECK_FALSE(cgroup::remove(host, ""));
  CHECK_FALSE(cgroup::remove(host, "/"));
  CHECK_FALSE(cgroup::remove(host, "//"));
  CHECK_FALSE(cgroup::remove(host, "/a/../.."));
  CHECK(cgroup::remove(host, "/a"));
}

TEST_CASE("a cgroup tree is removed from the leaves up, when no process is in it", "[root]") {
  const auto host = cgroup::detect();
  REQUIRE(host);
  const std::string path = "/gantry-test-" + std::to_string(::getpid());
  for (const auto& folder : host->folders_of(path)) {
    if (::mkdir(folder.c_str(), 0755) != 0) continue;
    CHECK(::mkdir((folder + "/below").c_str(), 0755) == 0);
  }
  const auto removed = cgroup::remove(*host, path);
  REQUIRE(removed);
  CHECK(removed->complete());
  for (const auto& folder : host->folders_of(path)) CHECK(::access(folder.c_str(), F_OK) != 0);
  CHECK(cgroup::remove(*host, path)->complete());
}
