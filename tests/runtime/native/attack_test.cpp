#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/runtime/native/bundle.hpp"

// What an image, or whoever may write a config.json's paths, could try on the host.

using namespace gantry;
using test::bind_of;
using test::bundle;
using test::contains;

namespace {

std::string content(const std::string& path) { return sys::read_file(path).value_or("absent"); }

} // namespace

TEST_CASE("no descriptor of the host's reaches a container", "[native][root]") {
  bundle from;
  const sys::unique_fd host(::open("/", O_RDONLY | O_DIRECTORY)); // inheritable
  REQUIRE(host);
  SECTION("its program has only what it was given") {
    from.set_script("ls /proc/1/fd");
    CHECK(from.run_native().text == "0\n1\n2\n3\n"); // 3: what ls lists
  }
  SECTION("its working directory cannot be one (CVE-2024-21626)") {
    for (int fd = 3; fd < 16; ++fd) {
      from.config["process"]["cwd"] = "/proc/self/fd/" + std::to_string(fd);
      from.set_script("ls ../../..; pwd");
      const auto ran = from.run_native();
      INFO(fd << " " << ran.text);
      CHECK(ran.code == 1);
    }
  }
  SECTION("its program cannot be one") {
    for (int fd = 3; fd < 16; ++fd) {
      from.config["process"]["args"] = {"/proc/self/fd/" + std::to_string(fd) + "/bin/ls"};
      CHECK(from.run_native().code == 1);
    }
  }
  SECTION("nor those of a further process") {
    from.set_script("sleep 50");
    REQUIRE(from.start().code == 0);
    CHECK(from.oci({"exec", "--cwd", "/proc/self/fd/5", from.id(), "pwd"}).code == 255);
    CHECK(from.oci({"exec", from.id(), "ls", "/proc/self/fd"}).text == "0\n1\n2\n3\n"); // 3: what ls lists
  }
}

TEST_CASE("links of an image lead nowhere outside", "[native][root]") {
  bundle from;
  from.folder().make_directory("host");
  from.folder().make_file("host/file", "precious");
  from.folder().make_directory("source");
  from.folder().make_file("source/new", "x");
  const auto outside = from.folder() / "host";
  SECTION("as the target of a mount") {
    from.folder().make_link(outside, "bundle/rootfs/target");
    from.config["mounts"].push_back(bind_of(from.folder() / "source", "/target/deep"));
    from.set_script("ls " + outside + "/deep");
    const auto ran = from.run_native();
    CHECK(!from.folder().has("host/deep"));
    CHECK((ran.code != 0 || ran.text == "new\n")); // inside, or not at all
  }
  SECTION("as the target of a file, by way of ..") {
    from.folder().make_link("../../../../../../../../../" + outside + "/made", "bundle/rootfs/target");
    from.config["mounts"].push_back(bind_of(from.folder() / "source/new", "/target"));
    (void)from.run_native();
    CHECK(!from.folder().has("host/made"));
  }
  SECTION("as a masked path and a read-only path") {
    from.folder().make_link(outside + "/file", "bundle/rootfs/masked");
    from.folder().make_link("../../../../../../../" + outside, "bundle/rootfs/protected");
    from.config["linux"]["maskedPaths"] = {"/masked", "/protected/file"};
    from.config["linux"]["readonlyPaths"] = {"/protected", "/masked"};
    CHECK(from.run_native().code == 0);
  }
  SECTION("as a device's folder") {
    from.config["mounts"].erase(1); // the tmpfs of /dev, and all in it
    for (auto at = from.config["mounts"].begin(); at != from.config["mounts"].end();)
      at = at->at("destination").get<std::string>().starts_with("/dev") ? from.config["mounts"].erase(at) : at + 1;
    from.folder().make_link(outside, "bundle/rootfs/dev");
    from.config["linux"]["devices"] = {{{"path", "/dev/sub/x"}, {"type", "c"}, {"major", 1}, {"minor", 3}}};
    (void)from.run_native();
  }
  SECTION("as the working directory that is to be made") {
    from.folder().make_link(outside, "bundle/rootfs/work");
    from.config["process"]["cwd"] = "/work/made";
    (void)from.run_native();
  }
  CHECK(content(from.folder() / "host/file") == "precious");
  CHECK(std::distance(std::filesystem::directory_iterator(outside), {}) == 1);
  CHECK(from.cgroups_gone());
}

TEST_CASE("only a procfs is /proc, and little is mounted in it", "[native][root]") {
  bundle from;
  from.folder().make_directory("fake/self/attr");
  from.folder().make_file("fake/file", "x");
  SECTION("/proc as a link") {
    from.folder().make_link("/bin", "bundle/rootfs/proc");
    const auto ran = from.run_native();
    CHECK(ran.code == 1);
    CHECK_THAT(ran.text, contains("must be mounted on ordinary directory"));
  }
  SECTION("/sys as a link") {
    from.folder().make_link("bin", "bundle/rootfs/sys");
    CHECK_THAT(from.run_native().text, contains("must be mounted on ordinary directory"));
  }
  SECTION("a folder as /proc") {
    from.config["mounts"][0] = bind_of(from.folder() / "fake", "/proc");
    CHECK_THAT(from.run_native().text, contains("not of type proc"));
  }
  SECTION("a tmpfs as /proc") {
    from.config["mounts"][0] = {{"destination", "/proc"}, {"type", "tmpfs"}, {"source", "tmpfs"}};
    CHECK_THAT(from.run_native().text, contains("not of type proc"));
  }
  SECTION("a mount within, by its name") {
    from.config["mounts"].push_back(bind_of(from.folder() / "fake", "/proc/self/attr"));
    CHECK(from.run_native().code == 1);
  }
  SECTION("a mount within, by a link") {
    from.folder().make_link("/proc/1", "bundle/rootfs/way");
    from.config["mounts"].push_back(bind_of(from.folder() / "fake", "/way/attr"));
    CHECK_THAT(from.run_native().text, contains("inside /proc"));
  }
  SECTION("what only tells of the machine may be covered") {
    from.config["mounts"].push_back(bind_of(from.folder() / "fake/file", "/proc/uptime"));
    from.set_script("cat /proc/uptime");
    CHECK(from.run_native().text == "x");
  }
  CHECK(from.cgroups_gone());
}

TEST_CASE("a device that an image put in place of /dev/null masks nothing else", "[native][root]") {
  bundle from; // CVE-2025-31133: the mask would bind what the link points to, writable
  for (auto at = from.config["mounts"].begin(); at != from.config["mounts"].end();)
    at = at->at("destination").get<std::string>().starts_with("/dev") ? from.config["mounts"].erase(at) : at + 1;
  from.folder().make_directory("bundle/rootfs/dev");
  from.folder().make_link("/proc/sysrq-trigger", "bundle/rootfs/dev/null");
  from.config["linux"]["maskedPaths"] = {"/proc/keys"};
  from.set_script("cat /proc/keys; grep -c ' /proc/keys ' /proc/self/mountinfo; grep ' /proc/keys ' "
                  "/proc/self/mountinfo | grep -c sysrq");
  CHECK(from.run_native().text == "1\n0\n");
}

TEST_CASE("the launcher's own file cannot be written from a container (CVE-2019-5736)", "[native][root]") {
  bundle from({"sleep", "50"});
  struct stat before {};
  REQUIRE(::stat(GANTRY_OCI, &before) == 0);
  // A container whose program is the launcher itself, and one that waits for a further process's /proc/<pid>/exe.
  from.config["process"]["capabilities"]["effective"].push_back("CAP_SYS_PTRACE");
  from.config["process"]["capabilities"]["permitted"].push_back("CAP_SYS_PTRACE");
  from.config["process"]["capabilities"]["bounding"].push_back("CAP_SYS_PTRACE");
  from.set_script("while true; do for p in /proc/[0-9]*; do case $(readlink $p/exe) in *gantry*) echo reached; "
                  "echo overwritten > $p/exe;; esac; done; done > /seen 2>&1");
  REQUIRE(from.start().code == 0);
  for (int i = 0; i < 20; ++i) (void)from.oci({"exec", from.id(), "/proc/self/exe"});
  struct stat after {};
  REQUIRE(::stat(GANTRY_OCI, &after) == 0);
  CHECK(after.st_size == before.st_size);
  CHECK(after.st_mtim.tv_sec == before.st_mtim.tv_sec);
  CHECK(content(from.rootfs() + "/seen").find("reached") == std::string::npos);
}

TEST_CASE("mounts of a container stay in it, also where the host's are shared", "[native][root]") {
  bundle from;
  from.folder().make_directory("source");
  from.config["mounts"].push_back(bind_of(from.folder() / "source", "/source"));
  from.config["linux"]["rootfsPropagation"] = GENERATE("", "rshared", "rslave", "private");
  from.write();
  const auto command = "mount --make-rshared / && before=$(cat /proc/self/mountinfo | wc -l) && " GANTRY_OCI
                       " --root " +
                       (from.folder() / "state") + " run --bundle " + from.path() + " " + from.id() +
                       " && test $before = $(cat /proc/self/mountinfo | wc -l) && mountpoint -q /proc";
  const auto ran = test::run({"unshare", "-m", "sh", "-c", command});
  INFO(ran.text);
  CHECK(ran.code == 0);
}
