#include <unistd.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "tests/runtime/native/bundle.hpp"

// The same config.json run by runc and by gantry-oci: inside, a container cannot tell which of them made it, but for
// the differences that are named here.

using namespace gantry;
using test::bundle;
using test::has_runc;

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// Mounts by target, as "target options - type super-options": numbers and order of siblings differ each time.
std::vector<std::string> normalised_mounts(const std::string& mountinfo) {
  std::vector<std::string> mounts;
  for (const auto& line : lines_of(mountinfo)) {
    std::istringstream in(line);
    std::string id, parent, device, root, target, options, word, rest;
    in >> id >> parent >> device >> root >> target >> options;
    while (in >> word && word != "-") rest += " " + word;
    while (in >> word) rest += " " + word;
    if (target == "/") root = "-";
    // Named difference: the tmpfs that holds the v1 hierarchies is read-only here when it is asked for; runc 1.1 leaves
    // it writable, so that a container can make folders in it.
    if (target == "/sys/fs/cgroup") options = "(ro or rw)";
    mounts.push_back(target + " " + root + " " + options + rest);
  }
  std::sort(mounts.begin(), mounts.end());
  return mounts;
}

/// Both runtimes' output of the script.
std::pair<std::string, std::string> both(bundle& from, const std::string& script) {
  from.set_script("exec 2>&1; " + script);
  const auto theirs = from.run_runc();
  const auto ours = from.run_native();
  CHECK(theirs.code == ours.code);
  return {theirs.text, ours.text};
}

} // namespace

TEST_CASE("a container of gantry-oci is like one of runc", "[native][root]") {
  if (!has_runc()) return;
  bundle from;
  from.config["process"]["rlimits"] = {{{"type", "RLIMIT_NOFILE"}, {"soft", 100}, {"hard", 200}},
                                       {{"type", "RLIMIT_CORE"}, {"soft", 0}, {"hard", 0}}};
  SECTION("as the engine makes it") {}
  SECTION("as another user, without new privileges, in a folder that is not there") {
    from.config["process"]["user"] = {{"uid", 1000}, {"gid", 1001}, {"additionalGids", {5, 6}}, {"umask", 077}};
    from.config["process"]["capabilities"] = {{"bounding", {"CAP_CHOWN", "CAP_NET_RAW"}},
                                              {"effective", {"CAP_NET_RAW"}},
                                              {"permitted", {"CAP_NET_RAW"}},
                                              {"inheritable", {"CAP_NET_RAW"}},
                                              {"ambient", {"CAP_NET_RAW"}}};
    from.config["process"]["noNewPrivileges"] = true;
    from.config["process"]["cwd"] = "/some/where";
  }
  SECTION("with a read-only root and mounts of all kinds") {
    from.config["root"]["readonly"] = true;
    from.folder().make_directory("source/deep");
    from.folder().make_file("file");
    from.folder().make_directory("bundle/rootfs/t");
    for (const auto* options :
         {R"(["rbind","ro","nosuid"])", R"(["bind","rprivate"])", R"(["bind","noatime","nodev"])"}) {
      static int count = 0;
      from.config["mounts"].push_back({{"destination", "/t" + std::to_string(count++)},
                                       {"type", "bind"},
                                       {"source", from.folder() / "source"},
                                       {"options", nlohmann::json::parse(options)}});
      from.folder().make_directory("bundle/rootfs/t" + std::to_string(count - 1));
    }
    from.config["mounts"].push_back({{"destination", "/t/tmp"},
                                     {"type", "tmpfs"},
                                     {"source", "tmpfs"},
                                     {"options", {"size=1m", "noexec", "mode=1777"}}});
    from.folder().make_directory("bundle/rootfs/t/tmp");
    from.config["mounts"].push_back({{"destination", "/etc/hosts"},
                                     {"type", "bind"},
                                     {"source", from.folder() / "file"},
                                     {"options", {"rbind", "rprivate"}}});
  }
  SECTION("with devices and sysctls") {
    from.config["linux"]["devices"] = {{{"path", "/dev/fuse"},
                                        {"type", "c"},
                                        {"major", 10},
                                        {"minor", 229},
                                        {"fileMode", 0640},
                                        {"uid", 3},
                                        {"gid", 4}}};
    from.config["linux"]["sysctl"] = {{"net.ipv4.ip_forward", "1"}, {"kernel.msgmax", "4096"}};
  }
  SECTION("privileged") {
    for (const auto* set : {"bounding", "effective", "permitted"}) {
      auto& names = from.config["process"]["capabilities"][set];
      for (const auto* more : {"CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_SYS_PTRACE"}) names.push_back(more);
    }
    from.config["linux"].erase("seccomp");
    from.config["linux"].erase("maskedPaths");
    from.config["linux"].erase("readonlyPaths");
  }
  SECTION("with a cgroup namespace") { from.config["linux"]["namespaces"].push_back({{"type", "cgroup"}}); }
  {
    const auto [theirs, ours] = both(from, "cat /proc/self/mountinfo");
    CHECK(normalised_mounts(theirs) == normalised_mounts(ours));
  }
  // Keys of other containers of the same user are listed too: only that there is one of its own counts.
  const auto own_keyring = "grep -q '_ses." + from.id() + "' /proc/keys && echo keyring; ";
  for (const auto& script : std::vector<std::string>{
           ("grep -E '^(Umask|Uid|Gid|Groups|NSpgid|NSsid|Cap|NoNewPrivs|Seccomp:|Sig(Blk|Ign|Cgt)|Cpus_allowed_list)' "
            "/proc/self/status"),
           "cat /proc/1/cgroup", "cat /proc/1/limits",
           "ls -ln /dev /dev/pts /dev/shm | sed -E 's/ [A-Z][a-z]{2} .. ..:..//'", "env; pwd", "ls /proc/self/fd",
           ("cat /proc/sys/kernel/hostname /proc/sys/kernel/domainname /proc/sys/net/ipv4/ip_forward "
            "/proc/sys/kernel/msgmax /proc/sys/net/ipv4/ping_group_range /proc/1/oom_score_adj"),
           "cat /proc/1/comm /proc/1/sessionid /proc/1/personality 2>&1; cat /proc/net/dev | sed 's/:.*//'",
           ("for m in /sys/fs/cgroup/*/memory.limit_in_bytes /sys/fs/cgroup/*/cpuset.cpus /sys/fs/cgroup/*/pids.max; "
            "do "
            "cat $m; done 2>&1 | sed s/sh://"),
           own_keyring + "cat /sys/kernel/x /proc/kcore 2>&1; ls /proc/acpi /sys/firmware; echo 1 > "
                         "/proc/sys/kernel/msgmax; "
                         "touch /new /etc/new 2>&1; echo $?"}) {
    const auto [theirs, ours] = both(from, script);
    INFO(script);
    CHECK(theirs == ours);
  }
  if (test::facts().cgroups.how != cgroup::mode::v2) {
    auto [theirs, ours] = both(from, "cat /sys/fs/cgroup/devices/devices.list");
    // Named difference: runc 1.1 lets every container use /dev/net/tun; later versions and this do not.
    auto listed = lines_of(theirs), listed_here = lines_of(ours);
    std::erase(listed, "c 10:200 rwm");
    CHECK(std::set(listed.begin(), listed.end()) == std::set(listed_here.begin(), listed_here.end()));
  }
}
