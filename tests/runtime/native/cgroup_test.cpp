#include <linux/bpf.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "runtime/native/cgroup_setup.hpp"
#include "runtime/native/cgroup_values.hpp"
#include "runtime/native/device_policy.hpp"
#include "runtime/sys/files.hpp"
#include "tests/catch.hpp"
#include "tests/runtime/sys/scratch.hpp"

using namespace gantry;
using namespace gantry::native;
using namespace std::string_literals;

namespace {

/// What the kernel does with a device program, as far as this program uses it.
bool allows(const std::string& program, std::uint32_t type, std::uint32_t access, std::uint32_t major,
            std::uint32_t minor) {
  const auto* code = reinterpret_cast<const bpf_insn*>(program.data());
  const std::uint32_t context[3] = {access << 16 | type, major, minor};
  std::uint64_t reg[11] = {};
  for (std::size_t at = 0; at < program.size() / sizeof(bpf_insn); ++at) {
    const auto& now = code[at];
    const auto value = static_cast<std::uint64_t>(now.imm);
    switch (now.code) {
    case BPF_LDX | BPF_W | BPF_MEM:
      reg[now.dst_reg] = context[now.off / 4];
      break;
    case BPF_ALU | 0xb0 | BPF_X:
      reg[now.dst_reg] = static_cast<std::uint32_t>(reg[now.src_reg]);
      break;
    case BPF_ALU64 | 0xb0 | BPF_K:
      reg[now.dst_reg] = value;
      break;
    case BPF_ALU | BPF_AND | BPF_K:
      reg[now.dst_reg] &= static_cast<std::uint32_t>(value);
      break;
    case BPF_ALU | BPF_RSH | BPF_K:
      reg[now.dst_reg] >>= value;
      break;
    case BPF_JMP | 0x50 | BPF_K:
      if (reg[now.dst_reg] != value) at += static_cast<std::size_t>(now.off);
      break;
    case BPF_JMP | BPF_JEQ | BPF_K:
      if (reg[now.dst_reg] == value) at += static_cast<std::size_t>(now.off);
      break;
    case BPF_JMP | 0x90:
      return reg[0] != 0;
    default:
      FAIL("an instruction that is not expected");
    }
  }
  FAIL("the program runs over its end");
  return false;
}

constexpr std::uint32_t block = BPF_DEVCG_DEV_BLOCK, character = BPF_DEVCG_DEV_CHAR;
constexpr std::uint32_t make = BPF_DEVCG_ACC_MKNOD, read_it = BPF_DEVCG_ACC_READ, write_it = BPF_DEVCG_ACC_WRITE;

/// A v2 host of plain folders, with the container's cgroup in it.
cgroup::layout imitated_host(const test::scratch& folder) {
  folder.make_file("cgroup.controllers", "cpu memory pids io\n");
  folder.make_file("cgroup.subtree_control", "");
  folder.make_directory("c");
  for (const auto* name :
       {"cgroup.procs", "memory.max", "memory.swap.max", "cpu.max", "cpu.weight", "pids.max", "memory.high"})
    folder.make_file(std::string("c/") + name, "");
  const auto host = cgroup::detect(folder.path());
  REQUIRE(host);
  REQUIRE(host->how == cgroup::mode::v2);
  return *host;
}

/// A hybrid one: memory in a v1 hierarchy, huge pages in the unified one.
cgroup::layout imitated_hybrid_host(const test::scratch& folder) {
  folder.make_file("memory/tasks", "");
  folder.make_file("unified/cgroup.controllers", "hugetlb\n");
  const auto host = cgroup::detect(folder.path());
  REQUIRE(host);
  REQUIRE(host->how == cgroup::mode::hybrid);
  return *host;
}

std::string content_of(const test::scratch& folder, const char* name) {
  return sys::read_file(folder / name).value_or("absent");
}

} // namespace

TEST_CASE("a limit whose controller is in a hybrid host's unified hierarchy alone is refused, saying so", "[native]") {
  const test::scratch folder;
  folder.make_directory("memory");
  folder.make_directory("unified");
  const auto host = imitated_hybrid_host(folder);
  resource_plan wanted;
  wanted.huge_pages = {{"2MB", "1048576"}};
  const auto refused = update_cgroups(host, "/c", wanted);
  REQUIRE(!refused);
  CHECK(refused.error().code == errc::failed_precondition);
  for (const auto& word : {"hugetlb.2MB.limit_in_bytes"s, "no cgroups v1 hierarchy of hugetlb"s, host.unified})
    CHECK_THAT(refused.error().message, test::contains(word));
}

TEST_CASE("a change that needs a hierarchy which the launch left out takes the processes there", "[root][native]") {
  const auto host = cgroup::detect().value();
  if (host.how == cgroup::mode::v2 || !host.folders.contains("cpuset")) return; // one hierarchy for all
  const auto path = "/gantry-test-" + std::to_string(::getpid());
  auto made = make_cgroups(host, path, {}, hierarchies::needed).value();
  const pid_t child = ::fork();
  if (child == 0) ::pause(), ::_exit(0);
  for (const auto& group : made.members) REQUIRE(::dprintf(group.get(), "%d", child) > 0);
  const auto folder = host.folder_of("cpuset", path);
  CHECK(::access(folder.c_str(), F_OK) != 0);
  resource_plan change;
  change.cpus = "0";
  const auto changed = update_cgroups(host, path, change);
  CHECK(changed);
  CHECK(sys::read_file(folder + "/cgroup.procs").value_or("") == std::to_string(child) + "\n");
  CHECK(sys::read_file(folder + "/cpuset.cpus").value_or("") == "0\n");
  CHECK(remove_cgroups(host, path));
  ::waitpid(child, nullptr, 0);
  CHECK(update_cgroups(host, path, change).error().code == errc::not_found);
  CHECK(::access(folder.c_str(), F_OK) != 0);
}

TEST_CASE("resources become what cgroups v1 takes", "[native]") {
  resource_plan plan;
  plan.memory_limit = 100 << 20;
  plan.memory_swap = 200 << 20;
  plan.cpu_shares = 512;
  plan.pids = -1;
  plan.read_bps = {{8, 0, 1000}};
  const auto writes = v1_writes(plan);
  REQUIRE(writes);
  CHECK(*writes == std::vector<cgroup_write>{{"memory", "memory.limit_in_bytes", "104857600"},
                                             {"memory", "memory.memsw.limit_in_bytes", "209715200"},
                                             {"cpu", "cpu.shares", "512"},
                                             {"pids", "pids.max", "max"},
                                             {"blkio", "blkio.throttle.read_bps_device", "8:0 1000"}});
  plan.unified = {{"memory.high", "1"}};
  CHECK(!v1_writes(plan));
}

TEST_CASE("resources become what cgroups v2 takes", "[native]") {
  resource_plan plan;
  plan.memory_limit = 100 << 20;
  plan.memory_swap = 150 << 20;
  plan.memory_reservation = 50 << 20;
  plan.cpu_shares = 1024;
  plan.cpu_quota = 50'000;
  plan.pids = 10;
  plan.io_weight = 1000;
  plan.unified = {{"memory.high", "1"}};
  const auto writes = v2_writes(plan);
  REQUIRE(writes);
  CHECK(*writes == std::vector<cgroup_write>{{"memory", "memory.swap.max", "52428800"},
                                             {"memory", "memory.max", "104857600"},
                                             {"memory", "memory.low", "52428800"},
                                             {"cpu", "cpu.weight", "39"},
                                             {"cpu", "cpu.max", "50000 100000"},
                                             {"pids", "pids.max", "10"},
                                             {"io", "io.weight", "10000"},
                                             {"memory", "memory.high", "1"}});
  CHECK(weight_of_shares(2) == 1);
  CHECK(weight_of_shares(262'144) == 10'000);
  plan.memory_swap = 1;
  CHECK(!v2_writes(plan));
}

TEST_CASE("a container's cgroup on a v2 host", "[native]") {
  const test::scratch folder;
  const auto host = imitated_host(folder);
  resource_plan plan;
  plan.memory_limit = 1 << 20;
  plan.pids = 5;
  const auto made = make_cgroups(host, "/c", plan);
  REQUIRE(made);
  CHECK(made->unified);
  CHECK(made->members.size() == 1);
  CHECK(content_of(folder, "c/memory.max") == "1048576");
  CHECK(content_of(folder, "c/pids.max") == "5");
  CHECK(content_of(folder, "c/cpu.max").empty());
  SECTION("an update writes what it names") {
    resource_plan change;
    change.cpu_quota = 1000;
    REQUIRE(update_cgroups(host, "/c", change));
    CHECK(content_of(folder, "c/cpu.max") == "1000 100000");
    CHECK(content_of(folder, "c/pids.max") == "5");
  }
  SECTION("one with processes is refused") {
    folder.make_file("c/cgroup.procs", "1\n");
    const auto again = make_cgroups(host, "/c", plan);
    REQUIRE(!again);
    CHECK(again.error().code == errc::already_exists);
  }
  SECTION("what the host has no controller for is refused by name") {
    plan.huge_pages = {{"2MB", "0"}};
    const auto again = make_cgroups(host, "/c", plan);
    REQUIRE(!again);
    CHECK_THAT(again.error().message, test::contains("hugetlb"));
  }
}

TEST_CASE("cgroup paths stay below the hierarchy", "[native]") {
  cgroup::layout host;
  host.how = cgroup::mode::v2;
  CHECK(absolute_cgroup_path(host, "/a/b", "id") == std::string("/a/b"));
  CHECK(!absolute_cgroup_path(host, "/a/../../b", "id"));
  CHECK_THAT(absolute_cgroup_path(host, "", "some-id").value(), Catch::Matchers::EndsWith("/some-id"));
}

TEST_CASE("device rules come to exceptions from a verdict", "[native]") {
  const auto policy = policy_of({{false, 'a', -1, -1, "rwm"},
                                 {true, 'c', 10, 229, "rw"},
                                 {true, 'b', 8, -1, "r"},
                                 {true, 'c', 4, 1, "rwm"},
                                 {false, 'c', 4, 1, "w"}});
  const auto program = device_program(policy);
  CHECK(allows(program, character, read_it | write_it, 10, 229));
  CHECK(!allows(program, character, make | write_it, 10, 229)); // all that is asked must be allowed
  CHECK(allows(program, character, make, 10, 229));             // nodes may be made of anything
  CHECK(!allows(program, character, read_it, 10, 228));
  CHECK(allows(program, block, read_it, 8, 77));
  CHECK(!allows(program, block, write_it, 8, 77));
  CHECK(allows(program, character, read_it, 4, 1));
  CHECK(!allows(program, character, write_it, 4, 1));
  CHECK(allows(program, character, read_it | write_it, 1, 3)); // /dev/null
  CHECK(allows(program, character, write_it, 136, 12));        // terminals
  CHECK(!allows(program, block, read_it, 259, 0));
  const auto lines = v1_device_lines(policy);
  REQUIRE(!lines.empty());
  CHECK(lines.front().value == "a");
  CHECK(lines[1].key == "devices.allow");
  CHECK(lines[1].value == "c 10:229 rw");
}

TEST_CASE("allowing all but some", "[native]") {
  const auto policy = policy_of({{true, 'a', -1, -1, "rwm"}, {false, 'b', 8, 0, "w"}});
  const auto program = device_program(policy);
  CHECK(allows(program, block, read_it, 8, 0));
  CHECK(!allows(program, block, read_it | write_it, 8, 0));
  CHECK(allows(program, block, write_it, 8, 1));
  CHECK(v1_device_lines(policy).size() == 1);
  CHECK(v1_device_lines(policy_of({{true, 'a', -1, -1, "rwm"}})).empty());
}

TEST_CASE("a parent cgroup that another launch has only just made takes processes all the same", "[root]") {
  const auto* host = cgroup::of_host();
  REQUIRE(host != nullptr);
  const std::string parent = "/gantry-test-cpuset-" + std::to_string(::getpid()), path = parent + "/deeper/container";
  for (const auto& folder : host->folders_of("")) { // as mkdir leaves it: a v1 cpuset without CPUs
    ::mkdir((folder + parent).c_str(), 0755);
    ::mkdir((folder + parent + "/deeper").c_str(), 0755);
  }
  auto made = make_cgroups(*host, path, {});
  if (!made) FAIL(made.error().message);
  const auto child = ::fork();
  if (child == 0) {
    for (const auto& members : made->members)
      if (::write(members.get(), "0", 1) < 0) ::_exit(1);
    ::_exit(0);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
  CHECK(remove_cgroups(*host, path));
  for (const auto& folder : host->folders_of(parent)) {
    ::rmdir((folder + "/deeper").c_str());
    ::rmdir(folder.c_str());
  }
}
