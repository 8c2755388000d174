#include "tests/catch.hpp"

#include <unistd.h>

#include "runtime/cgroup/remove.hpp"
#include "tests/runtime/spec/fixture.hpp"
#include "tests/runtime/spec/host_program.hpp"

using namespace gantry;
using gantry::test::contains;
using gantry::test::request;

namespace {

/// A bundle whose root filesystem is busybox alone, run by runc in the foreground.
struct bundle {
  test::temp_folder folder;
  request r;
  std::string id = "gantry-test-" + std::to_string(::getpid());

  bundle() {
    r.facts = spec::read_host_facts().value();
    r.network_path.clear();
    const auto root = folder.path + "/rootfs";
    test::put(root + "/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nwww:x:33:34:www:/srv:/bin/sh\n");
    test::put(root + "/etc/group", "root:x:0:\nwww:x:34:\n");
    (void)sys::make_directories(root + "/bin", 0755);
    (void)test::run({"cp", "/usr/bin/busybox", root + "/bin/busybox"});
    (void)test::run({"cp", "/usr/bin/busybox", root + "/bin/sh"});
    copy_libraries(root);
  }
  static void copy_libraries(const std::string& root) {
    // Debian's busybox may be linked dynamically: what ldd names comes along.
    (void)test::run({"sh", "-c",
                     "for f in $(ldd /usr/bin/busybox | grep -o '/[^ ]*'); do mkdir -p \"" + root +
                         "$(dirname $f)\"; cp -L $f \"" + root + "$f\"; done"});
  }
  monitor::process_result run(const std::string& script) {
    r.options.cmd = {"/bin/sh", "-c", script};
    auto in = r.input();
    in.root_layers = {folder.path + "/rootfs"};
    in.cgroup_path = "/gantry-test/" + id;
    const auto built = spec::build(in);
    if (!built) return {125, "", built.error().message};
    test::put(folder.path + "/config.json", built->config_json());
    auto done = test::run({"runc", "--root", folder.path + "/state", "run", "--bundle", folder.path, id});
    (void)cgroup::remove(r.facts.cgroups, "/gantry-test");
    return done;
  }
};

} // namespace

TEST_CASE("runc runs a plain container, with users, capabilities and masked paths", "[root]") {
  bundle b;
  auto done = b.run("busybox id; busybox grep CapBnd /proc/self/status; busybox hostname; busybox pwd; "
                    "busybox cat /proc/kcore | busybox wc -c; busybox touch /x && busybox echo made");
  INFO(done.error_output);
  CHECK(done.exit_code == 0);
  CHECK_THAT(done.output, contains("uid=0(root)"));
  CHECK_THAT(done.output, contains("CapBnd:\t00000000a80425fb"));
  CHECK_THAT(done.output, contains("aaaaaaaaaaaa\n/\n0\nmade"));

  b.r.options.user = "www";
  b.r.options.read_only_rootfs = true;
  b.r.options.working_dir = "/made/up";
  b.r.options.init = false;
  done = b.run(
      "busybox id -u; busybox id -g; busybox echo $HOME; busybox grep CapEff /proc/self/status; busybox touch /x");
  INFO(done.error_output);
  CHECK(done.exit_code != 0);
  b.r.options.working_dir = "/";
  done = b.run(
      "busybox id -u; busybox id -g; busybox echo $HOME; busybox grep CapEff /proc/self/status; busybox touch /x");
  INFO(done.error_output);
  CHECK_THAT(done.output, contains("33\n34\n/srv\nCapEff:\t0000000000000000"));
  CHECK_THAT(done.error_output, contains("Read-only file system"));
}

TEST_CASE("the default filter blocks namespaces, mounts and the unlisted", "[root]") {
  bundle b;
  b.r.options.cap_add = {};
  auto done =
      b.run("busybox grep Seccomp: /proc/self/status; busybox unshare -m busybox true || busybox echo unshare refused; "
            "busybox mount -t tmpfs x /bin || busybox echo mount refused");
  INFO(done.error_output);
  CHECK_THAT(done.output, contains("Seccomp:\t2"));
  CHECK_THAT(done.output, contains("unshare refused\nmount refused"));
  b.r.options.cap_add = {"SYS_ADMIN"};
  done = b.run("busybox unshare -m busybox true && busybox echo unshare allowed");
  INFO(done.error_output);
  CHECK_THAT(done.output, contains("unshare allowed"));
  b.r.options.cap_add = {};
  b.r.options.security_opt = {"seccomp=unconfined", "no-new-privileges"};
  done = b.run("busybox grep -E 'Seccomp:|NoNew' /proc/self/status");
  CHECK_THAT(done.output, contains("NoNewPrivs:\t1\nSeccomp:\t0"));
  b.r.options.security_opt = {R"(seccomp={"defaultAction":"SCMP_ACT_ALLOW",
    "syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO"}]})"};
  done = b.run("busybox mkdir /y || busybox echo mkdir refused");
  CHECK_THAT(done.output, contains("mkdir refused"));
}

TEST_CASE("limits, tmpfs, sysctls and devices reach the kernel", "[root]") {
  bundle b;
  b.r.options.resources.memory = 32 << 20;
  b.r.options.resources.pids = 50;
  b.r.options.resources.nano_cpus = 500'000'000;
  b.r.options.ulimits = {{"nofile", 100, 200}};
  b.r.options.sysctls = {{"net.core.somaxconn", "77"}};
  b.r.options.devices = {{"/dev/null", "/dev/mine", "rwm"}};
  b.r.options.mounts = {{}};
  b.r.options.mounts[0].type = mount_request::kind::tmpfs;
  b.r.options.mounts[0].target = "/scratch";
  b.r.options.mounts[0].tmpfs_options = "size=1m";
  const bool v2 = b.r.facts.cgroups.how == cgroup::mode::v2;
  const std::string files = v2 ? "/sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max"
                               : "/sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/pids/pids.max";
  const auto done =
      b.run("busybox cat " + files +
            "; ulimit -n; ulimit -Hn; busybox cat /proc/sys/net/core/somaxconn; "
            "busybox echo x > /dev/mine && busybox echo device; busybox df -k /scratch | busybox tail -1");
  INFO(done.error_output);
  CHECK(done.exit_code == 0);
  CHECK_THAT(done.output, contains("33554432\n50\n100\n200\n77\ndevice\n"));
  CHECK_THAT(done.output, contains("1024"));
}

TEST_CASE("a privileged container has what the engine has", "[root]") {
  bundle b;
  b.r.options.privileged = true;
  const auto done =
      b.run("busybox mount -t tmpfs x /etc && busybox echo mounted; busybox grep Seccomp: /proc/self/status");
  INFO(done.error_output);
  CHECK_THAT(done.output, contains("mounted\nSeccomp:\t0"));
}
