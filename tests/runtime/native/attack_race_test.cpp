#include <fcntl.h>
#include <linux/fs.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/runtime/native/bundle.hpp"

// What a container could do to another that is being made with the same folder (CVE-2021-30465, CVE-2025-52881), and
// images whose /dev and /proc are not what they seem (CVE-2025-31133, CVE-2025-52565).

using namespace gantry;
using test::bind_of;
using test::bundle;
using test::contains;

namespace {

/// Two names of a folder change places all the time, while this object lives.
class swapping {
public:
  swapping(const std::string& one, const std::string& other) : pid_(::fork()) {
    REQUIRE(pid_ >= 0);
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL); // a test that is killed for its time ends no child of its own
    if (::getppid() != parent_) ::_exit(1);
    for (;;) ::syscall(SYS_renameat2, AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE);
  }
  ~swapping() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  swapping(const swapping&) = delete;
  swapping& operator=(const swapping&) = delete;

private:
  pid_t parent_ = ::getpid(), pid_ = -1; // in this order: pid_ forks
};

/// The image's own /dev: no mount at or below it.
void keep_own_dev(bundle& from) {
  auto& mounts = from.config["mounts"];
  for (auto at = mounts.begin(); at != mounts.end();)
    at = at->at("destination").get<std::string>().starts_with("/dev") ? mounts.erase(at) : at + 1;
  from.folder().make_directory("bundle/rootfs/dev");
}

/// A plain devpts, so that there are terminals.
void mount_terminals(bundle& from) {
  from.folder().make_directory("bundle/rootfs/dev/pts");
  from.config["mounts"].push_back({{"destination", "/dev/pts"},
                                   {"type", "devpts"},
                                   {"source", "devpts"},
                                   {"options", {"newinstance", "ptmxmode=0666", "mode=0620"}}});
}

/// Run with a terminal of its own by script(1), which has one.
test::outcome run_with_terminal(bundle& from) {
  from.config["process"]["terminal"] = true;
  from.write();
  return test::run({"script", "-qec",
                    std::string(GANTRY_OCI) + " --root " + (from.folder() / "state") + " run --bundle " + from.path() +
                        " " + from.id(),
                    "/dev/null"});
}

} // namespace

TEST_CASE("a mount's target that is swapped for a link stays in the container (CVE-2021-30465)", "[native][root]") {
  bundle from;
  from.folder().make_directory("shared/target/deep");
  from.folder().make_directory("host/deep");
  from.folder().make_link("../../../../../../../../../../" + (from.folder() / "host"), "shared/link");
  const auto mounted = GENERATE("tmpfs", "bind", "masked", "readonly");
  from.config["mounts"].push_back(bind_of(from.folder() / "shared", "/shared"));
  from.folder().make_directory("source");
  from.folder().make_file("source/inside");
  if (std::string(mounted) == "tmpfs")
    from.config["mounts"].push_back({{"destination", "/shared/target/made"}, {"type", "tmpfs"}, {"source", "tmpfs"}});
  else if (std::string(mounted) == "bind")
    from.config["mounts"].push_back(bind_of(from.folder() / "source", "/shared/target/made/more"));
  else
    from.config["linux"][std::string(mounted) + "Paths"] = {"/shared/target/deep"};
  from.set_script("true");
  const swapping race(from.folder() / "shared/target", from.folder() / "shared/link");
  int ended_well = 0;
  for (int i = 0; i < 25; ++i) ended_well += from.run_native().code == 0 ? 1 : 0;
  INFO(mounted << ": " << ended_well << " containers ran");
  CHECK(ended_well > 0);
  CHECK(!from.folder().has("host/made"));
  CHECK(std::distance(std::filesystem::directory_iterator(from.folder() / "host/deep"), {}) == 0);
  CHECK(sys::read_file("/proc/self/mountinfo", 16 << 20)->find(from.folder().path()) == std::string::npos);
}

TEST_CASE("a bind's source that is swapped is one or the other, and its kind's target", "[native][root]") {
  bundle from;
  from.folder().make_directory("sources/one");
  from.folder().make_file("sources/one/file", "folder's");
  from.folder().make_file("sources/two", "file's");
  from.config["mounts"].push_back(bind_of(from.folder() / "sources/one", "/got"));
  from.set_script("cat /got/file 2>/dev/null || cat /got");
  const swapping race(from.folder() / "sources/one", from.folder() / "sources/two");
  for (int i = 0; i < 25; ++i) {
    const auto ran = from.run_native();
    INFO(ran.text);
    CHECK((ran.text == "folder's" || ran.text == "file's" || ran.code == 1));
    // Made for the mount by the launcher: the next one's may be of the other kind.
    std::filesystem::remove_all(from.rootfs() + "/got");
  }
}

TEST_CASE("what is written to /proc goes to the kernel (CVE-2025-52881, CVE-2019-16884)", "[native][root]") {
  bundle from;
  from.config["linux"]["sysctl"] = {{"net.ipv4.ip_forward", "1"}};
  from.config["process"]["oomScoreAdj"] = 23;
  SECTION("where the image's own /proc is a folder with files of these names") {
    auto& mounts = from.config["mounts"];
    mounts.erase(0); // proc
    REQUIRE(from.config["mounts"][0]["destination"] != "/proc");
    from.folder().make_directory("bundle/rootfs/proc/sys/net/ipv4");
    from.folder().make_directory("bundle/rootfs/proc/self/attr");
    from.folder().make_file("bundle/rootfs/proc/sys/net/ipv4/ip_forward", "untouched");
    from.folder().make_file("bundle/rootfs/proc/self/oom_score_adj", "untouched");
    from.config["linux"].erase("maskedPaths");
    from.config["linux"].erase("readonlyPaths");
    from.set_script("sleep 50");
    REQUIRE(from.start().code == 0);
    const auto pid = nlohmann::json::parse(from.oci({"state", from.id()}).text)["pid"].dump();
    CHECK(sys::read_file("/proc/" + pid + "/oom_score_adj") == "23\n");
    CHECK(test::run({"nsenter", "-n", "-t", pid, "cat", "/proc/sys/net/ipv4/ip_forward"}).text == "1\n");
    CHECK(sys::read_file(from.rootfs() + "/proc/sys/net/ipv4/ip_forward") == "untouched");
    CHECK(sys::read_file(from.rootfs() + "/proc/self/oom_score_adj") == "untouched");
  }
  SECTION("where a mount's target that is swapped would come to lie over a file of it") {
    // The target leads into /proc by a link that comes and goes.
    from.folder().make_directory("shared/way");
    from.folder().make_link("/proc/sys/net/ipv4", "shared/link");
    from.folder().make_file("fake", "0");
    from.config["mounts"].push_back(bind_of(from.folder() / "shared", "/shared"));
    from.config["mounts"].push_back(bind_of(from.folder() / "fake", "/shared/way/ip_forward"));
    from.set_script("cat /proc/sys/net/ipv4/ip_forward /proc/self/oom_score_adj");
    const swapping race(from.folder() / "shared/way", from.folder() / "shared/link");
    int ended_well = 0;
    for (int i = 0; i < 25; ++i) {
      const auto ran = from.run_native();
      if (ran.code == 0) CHECK(ran.text == "1\n23\n");
      // Swapped between the making of the target and its opening, it is not there.
      if (ran.code != 0)
        CHECK_THAT(ran.text, contains("inside /proc") || contains("/shared/way/ip_forward: no such file or directory"));
      ended_well += ran.code == 0 ? 1 : 0;
    }
    CHECK(ended_well > 0);
  }
}

TEST_CASE("an image's /dev is not taken for what it seems", "[native][root]") {
  bundle from;
  keep_own_dev(from);
  SECTION("a file as /dev/null hides nothing: the host's device does") {
    from.folder().make_file("bundle/rootfs/dev/null", "of the image");
    from.config["linux"]["maskedPaths"] = {"/proc/keys"};
    from.set_script("cat /proc/keys");
    CHECK(from.run_native().text.empty());
  }
  SECTION("another device as /dev/null hides nothing either") {
    REQUIRE(::mknod((from.rootfs() + "/dev/null").c_str(), S_IFCHR | 0666, makedev(1, 5)) == 0);
    from.config["linux"]["maskedPaths"] = {"/proc/keys"};
    from.set_script("head -c 1 /proc/keys");
    CHECK(from.run_native().text.empty());
  }
  SECTION("a link as /dev/console gets no terminal over what it points to (CVE-2025-52565)") {
    mount_terminals(from);
    from.folder().make_link("/proc/version", "bundle/rootfs/dev/console");
    from.set_script("grep -c version /proc/self/mountinfo");
    const auto ran = run_with_terminal(from);
    CHECK(ran.code == 1);
    CHECK_THAT(ran.text, contains("/dev/console is a link"));
    CHECK(ran.text.find("\n1\n") == std::string::npos);
  }
  SECTION("a file as /dev/console is covered") {
    mount_terminals(from);
    from.folder().make_file("bundle/rootfs/dev/console", "of the image");
    from.set_script("tty; test -c /dev/console && echo covered");
    CHECK_THAT(run_with_terminal(from).text, contains("covered"));
    CHECK(sys::read_file(from.rootfs() + "/dev/console") == "of the image");
  }
  SECTION("a link as /dev/pts, and a folder with a ptmx, are no devpts") {
    from.folder().make_directory("bundle/rootfs/dev/pts");
    from.folder().make_file("bundle/rootfs/dev/pts/ptmx", "x");
    CHECK_THAT(run_with_terminal(from).text, contains("not a devpts"));
  }
  SECTION("a link as a device's name is not followed") {
    from.folder().make_file("victim", "precious");
    from.folder().make_link("../../victim", "bundle/rootfs/dev/extra");
    from.config["linux"]["devices"] = {
        {{"path", "/dev/extra"}, {"type", "c"}, {"major", 1}, {"minor", 3}, {"uid", 7}, {"gid", 8}}};
    (void)from.run_native();
    struct stat victim {};
    REQUIRE(::stat((from.folder() / "victim").c_str(), &victim) == 0);
    CHECK(victim.st_uid == 0);
    CHECK(sys::read_file(from.folder() / "victim") == "precious");
  }
  CHECK(from.cgroups_gone());
}
