#include "runtime/monitor/reuse_terms.hpp"

#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>

#include <functional>

#include "runtime/native/seccomp_filter.hpp"
#include "tests/catch.hpp"

namespace {

using namespace gantry;
using monitor::terms_of_cgroup_reuse;
using monitor::terms_of_network_reuse;

constexpr auto bundle = "/run/gantry/bundles/docker/c";

native::mount_entry mounted(const std::string& target, const std::string& type, std::uint64_t set = 0) {
  native::mount_entry one;
  one.target = target;
  one.type = one.source = type;
  one.set = set;
  return one;
}

native::mount_entry bound(const std::string& target, const std::string& source) {
  auto one = mounted(target, "bind");
  one.source = source;
  one.bind = one.recursive = true;
  return one;
}

native::device_rule device(char type, std::int64_t major, std::int64_t minor, const std::string& access = "rwm") {
  return {true, type, major, minor, access};
}

/// As the engine asks for a container of nothing in particular with network "none".
native::container_plan usual() {
  native::container_plan plan;
  plan.process.capabilities.emplace();
  plan.process.capabilities->bounding = plan.process.capabilities->effective = std::uint64_t{1} << CAP_NET_RAW;
  for (const auto flag : {CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWUTS, CLONE_NEWPID, CLONE_NEWIPC})
    plan.namespaces.push_back({static_cast<std::uint32_t>(flag), ""});
  plan.mounts = {mounted("/proc", "proc"),
                 mounted("/dev", "tmpfs"),
                 mounted("/dev/pts", "devpts"),
                 mounted("/sys", "sysfs", MOUNT_ATTR_RDONLY),
                 mounted("/sys/fs/cgroup", "cgroup", MOUNT_ATTR_RDONLY),
                 mounted("/dev/mqueue", "mqueue"),
                 bound("/etc/hosts", std::string(bundle) + "/files/hosts")};
  plan.resources.devices = {{false, 'a', -1, -1, "rwm"},
                            device('c', -1, -1, "m"),
                            device('c', 1, 3),
                            device('c', 5, 2),
                            device('c', 136, -1)};
  plan.read_only = {"/proc/bus", "/proc/sys"};
  plan.seccomp.program = "a filter";
  plan.sysctls = {{"net.ipv4.ip_unprivileged_port_start", "0"}, {"kernel.domainname", "d"}};
  return plan;
}

std::uint32_t& flag_of(native::container_plan& plan, std::uint32_t flag) {
  for (auto& one : plan.namespaces)
    if (one.flag == flag) return one.flag;
  throw std::logic_error("no such namespace");
}

using change = std::function<void(native::container_plan&)>;

} // namespace

TEST_CASE("network reuse: a usual container's may be used again, by those with the same sysctls of the network") {
  const auto terms = terms_of_network_reuse(usual(), bundle);
  REQUIRE(terms);
  auto other = usual();
  other.sysctls[1].value = "another domain";
  other.hostname = "another";
  CHECK(terms_of_network_reuse(other, bundle) == terms);
  other.sysctls[0].value = "1024";
  CHECK(terms_of_network_reuse(other, bundle).value() != *terms);
  other.sysctls.clear();
  CHECK(terms_of_network_reuse(other, bundle).value() != *terms);
}

TEST_CASE("network reuse: one that could change its network, keep it, or hand it on has it alone") {
  const auto& [what, with] = GENERATE(table<std::string, change>({
      {"a capability over networks",
       [](auto& p) { p.process.capabilities->bounding |= std::uint64_t{1} << CAP_NET_ADMIN; }},
      {"a capability to be had by execve",
       [](auto& p) { p.process.capabilities->inheritable |= std::uint64_t{1} << CAP_SYS_ADMIN; }},
      {"a capability over other processes",
       [](auto& p) { p.process.capabilities->bounding |= std::uint64_t{1} << CAP_SYS_PTRACE; }},
      {"no seccomp filter", [](auto& p) { p.seccomp.program.clear(); }},
      {"sysctls that can be written", [](auto& p) { p.read_only = {"/proc/bus"}; }},
      {"a sysctl with effects beside its value",
       [](auto& p) {
         p.sysctls.push_back({"net.ipv4.ip_forward", "1"});
       }},
      {"a sysctl by its other name",
       [](auto& p) {
         p.sysctls.push_back({"net/ipv4/ip_forward", "1"});
       }},
      {"a network that is another's", [](auto& p) { p.namespaces[1].path = "/proc/7/ns/net"; }},
      {"the host's network", [](auto& p) { flag_of(p, CLONE_NEWNET) = CLONE_NEWTIME; }},
      {"the host's processes", [](auto& p) { flag_of(p, CLONE_NEWPID) = CLONE_NEWTIME; }},
      {"another's processes", [](auto& p) { p.namespaces[3].path = "/proc/7/ns/pid"; }},
      {"users of its own",
       [](auto& p) {
         p.namespaces.push_back({CLONE_NEWUSER, ""});
       }},
      {"a folder of the host", [](auto& p) { p.mounts.push_back(bound("/data", "/srv")); }},
      {"a folder beside its files", [](auto& p) { p.mounts.push_back(bound("/data", std::string(bundle) + "/x")); }},
      {"a second procfs", [](auto& p) { p.mounts.push_back(mounted("/p", "proc")); }},
      {"a writable sysfs", [](auto& p) { p.mounts[3].set = 0; }},
      {"a file system of another kind", [](auto& p) { p.mounts.push_back(mounted("/n", "nfs")); }},
      {"a mount that changes another", [](auto& p) { p.mounts[1].remount = true; }},
      {"a device of the host", [](auto& p) { p.devices.emplace_back(); }},
      {"the right to a device", [](auto& p) { p.resources.devices.push_back(device('c', 10, 200)); }},
      {"the right to memory", [](auto& p) { p.resources.devices.push_back(device('c', 1, -1)); }},
      {"the right to all devices", [](auto& p) { p.resources.devices.push_back(device('a', -1, -1)); }},
      {"a hook", [](auto& p) { p.hooks.create_container.emplace_back(); }},
      {"priorities of interfaces", [](auto& p) { p.resources.net_priorities.push_back({"lo", "1"}); }},
  }));
  CAPTURE(what);
  auto plan = usual();
  with(plan);
  CHECK_FALSE(terms_of_network_reuse(plan, bundle));
}

namespace {

/// One whose filter refuses new users, as Docker's does.
native::container_plan usual_for_cgroups() {
  auto plan = usual();
  plan.cgroup_path = "/gantry/docker/c";
  plan.seccomp = native::compile_seccomp(R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[
    {"names":["read"],"action":"SCMP_ACT_ALLOW"}]})")
                     .value();
  return plan;
}

} // namespace

TEST_CASE("cgroup reuse: a usual container's may be used again, by those with the same resources, on any network") {
  const auto terms = terms_of_cgroup_reuse(usual_for_cgroups(), bundle);
  REQUIRE(terms);
  auto other = usual_for_cgroups();
  other.cgroup_path = "/gantry/docker/d";
  std::erase_if(other.namespaces, [](const auto& one) { return one.flag == CLONE_NEWNET; });
  CHECK(terms_of_cgroup_reuse(other, bundle) == terms);
  other.resources.memory_limit = 1 << 20;
  CHECK(terms_of_cgroup_reuse(other, bundle).value() != *terms);
}

TEST_CASE("cgroup reuse: not of a container that could write to them, or that others outlive") {
  const std::vector<std::pair<std::string, change>> changes = {
      {"a capability", [](auto& plan) { plan.process.capabilities->bounding |= std::uint64_t{1} << CAP_SYS_ADMIN; }},
      {"no filter", [](auto& plan) { plan.seccomp = {}; }},
      {"a filter that is not understood", [](auto& plan) { plan.seccomp.program = "a filter"; }},
      {"a filter that lets new users be made",
       [](auto& plan) {
         plan.seccomp = native::compile_seccomp(R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":[
           {"names":["clone","clone3"],"action":"SCMP_ACT_ERRNO"}]})")
                            .value();
       }},
      {"a cgroupfs that can be written", [](auto& plan) { plan.mounts.push_back(mounted("/groups", "cgroup")); }},
      {"a folder of the host's", [](auto& plan) { plan.mounts.push_back(bound("/host", "/")); }},
      {"the host's processes", [](auto& plan) { flag_of(plan, CLONE_NEWPID) = 0; }},
      {"no cgroup of its own", [](auto& plan) { plan.cgroup_path.clear(); }}};
  for (const auto& [what, changed] : changes) {
    CAPTURE(what);
    auto plan = usual_for_cgroups();
    changed(plan);
    CHECK_FALSE(terms_of_cgroup_reuse(plan, bundle));
  }
}
