#include <sys/stat.h>
#include <unistd.h>

#include "tests/runtime/native/bundle.hpp"

// Mounts with options beyond flags.

using namespace gantry;
using test::bundle;
using test::contains;
using test::has_runc;

namespace {

nlohmann::json mount_of(const std::string& target, const std::string& type, const std::string& source,
                        nlohmann::json options) {
  return {{"destination", target}, {"type", type}, {"source", source}, {"options", std::move(options)}};
}

/// Ours, which must be what runc says too.
std::string same_of_both(bundle& from) {
  const auto ours = from.run_native();
  CHECK(ours.code == 0);
  if (has_runc()) CHECK(from.run_runc().text == ours.text);
  return ours.text;
}

} // namespace

TEST_CASE("the files of a bind with mapped IDs are others' in the container", "[native][root]") {
  bundle from;
  from.folder().make_directory("source");
  from.folder().make_file("source/file", "x");
  REQUIRE(::chown((from.folder() / "source/file").c_str(), 1005, 1006) == 0);
  auto entry = mount_of("/mapped", "bind", from.folder() / "source", {"bind"});
  entry["uidMappings"] = nlohmann::json::parse(R"([{"containerID":1000,"hostID":2000,"size":10}])");
  entry["gidMappings"] = nlohmann::json::parse(R"([{"containerID":1000,"hostID":3000,"size":10}])");
  SECTION("by a map of its own") {
    from.config["mounts"].push_back(entry);
    from.set_script("stat -c %u:%g /mapped/file");
    CHECK(from.run_native().text == "2005:3006\n");
  }
  SECTION("and what it makes is the mapped one's outside") {
    entry["uidMappings"][0] = {{"containerID", 1000}, {"hostID", 0}, {"size", 1}};
    entry["gidMappings"][0] = {{"containerID", 1000}, {"hostID", 0}, {"size", 1}};
    from.config["mounts"].push_back(entry);
    // The kernel has nothing written to a folder whose own IDs are not mapped.
    REQUIRE(::chown((from.folder() / "source").c_str(), 1000, 1000) == 0);
    from.set_script("touch /mapped/new");
    const auto ran = from.run_native();
    INFO(ran.text);
    CHECK(ran.code == 0);
    struct stat made {};
    REQUIRE(::stat((from.folder() / "source/new").c_str(), &made) == 0);
    CHECK(made.st_uid == 1000);
    CHECK(made.st_gid == 1000);
  }
  SECTION("by the container's own map") {
    REQUIRE(test::run({"chown", "-R", "100000:100000", from.rootfs()}).code == 0);
    REQUIRE(test::run({"chmod", "-R", "755", from.folder().path()}).code == 0);
    from.config["linux"]["namespaces"].push_back({{"type", "user"}});
    for (const auto* map : {"uidMappings", "gidMappings"})
      from.config["linux"][map] = nlohmann::json::parse(R"([{"containerID":0,"hostID":100000,"size":65536}])");
    from.config["linux"].erase("sysctl");
    from.config["mounts"].push_back(
        mount_of("/mapped", "bind", from.folder() / "source", {"rbind", GENERATE("idmap", "ridmap")}));
    from.set_script("stat -c %u:%g /mapped/file");
    CHECK(from.run_native().text == "1005:1006\n");
  }
  SECTION("where the file system has no maps, it is said") {
    entry["source"] = "/proc/sys";
    from.config["mounts"].push_back(entry);
    const auto ran = from.run_native();
    CHECK(ran.code == 1);
    CHECK_THAT(ran.text, contains("map the IDs of the mount of /proc/sys"));
  }
  CHECK(from.cgroups_gone());
}

TEST_CASE("a tmpfs begins with what it hides", "[native][root]") {
  bundle from;
  from.folder().make_directory("bundle/rootfs/held/deep/deeper");
  from.folder().make_file("bundle/rootfs/held/deep/file", "content");
  from.folder().make_file("bundle/rootfs/held/setuid", "x");
  from.folder().make_link("/etc/passwd", "bundle/rootfs/held/deep/link");
  REQUIRE(::chown((from.rootfs() + "/held/setuid").c_str(), 7, 8) == 0);
  REQUIRE(::chmod((from.rootfs() + "/held/setuid").c_str(), 04711) == 0);
  REQUIRE(::chown((from.rootfs() + "/held").c_str(), 5, 6) == 0);
  REQUIRE(::chmod((from.rootfs() + "/held").c_str(), 0751) == 0);
  from.config["mounts"].push_back(
      mount_of("/held", "tmpfs", "tmpfs", {GENERATE("rw", "ro"), "tmpcopyup", "size=1m", "nosuid"}));
  from.set_script("exec 2>&1; cd /held; stat -c '%n %F %a %u:%g' . deep deep/* *; cat deep/file; readlink deep/link; "
                  "grep ' /held ' /proc/self/mountinfo | sed 's/.* \\/held \\(.*\\) - .*/\\1/'; echo x > deep/file");
  const auto ours = from.run_native();
  CHECK_THAT(ours.text, contains("setuid regular file 4711 7:8\n"));
  CHECK_THAT(ours.text, contains(". directory 751 0:0\n"));
  CHECK_THAT(ours.text, contains("content/etc/passwd\n"));
  if (has_runc()) CHECK(from.run_runc().text == ours.text);
  CHECK(sys::read_file(from.rootfs() + "/held/deep/file") == "content");
}

TEST_CASE("what does not fit into a tmpfs is said", "[native][root]") {
  bundle from;
  from.folder().make_directory("bundle/rootfs/held");
  from.folder().make_file("bundle/rootfs/held/big", std::string(100'000, 'x'));
  from.config["mounts"].push_back(mount_of("/held", "tmpfs", "tmpfs", {"tmpcopyup", "size=16k"}));
  const auto ran = from.run_native();
  CHECK(ran.code == 1);
  CHECK_THAT(ran.text, contains("copy big: No space left on device"));
  CHECK(from.cgroups_gone());
}

TEST_CASE("a mount is changed by a remount", "[native][root]") {
  bundle from;
  from.folder().make_directory("source");
  SECTION("the flags of a bind") {
    from.config["mounts"].push_back(mount_of("/t", "bind", from.folder() / "source", {"bind", "nosuid", "noexec"}));
    from.config["mounts"].push_back(
        mount_of("/t", "bind", from.folder() / "source", {"bind", "remount", "ro", "nodev"}));
  }
  SECTION("the size of a tmpfs") {
    from.config["mounts"].push_back(mount_of("/t", "tmpfs", "tmpfs", {"size=1m", "nosuid"}));
    from.config["mounts"].push_back(mount_of("/t", "tmpfs", "tmpfs", {"remount", "size=2m", "noexec"}));
  }
  from.set_script("grep ' /t ' /proc/self/mountinfo | sed 's/.* \\/t //; s/ - .*,size/ size/; s/ - .*//'");
  const auto said = same_of_both(from);
  CHECK_THAT(said, contains("no"));
}

TEST_CASE("a remount of what is no mount is refused", "[native][root]") {
  bundle from;
  from.config["mounts"].push_back(mount_of("/bin", "none", "none", {"bind", "remount", "ro"}));
  const auto ran = from.run_native();
  CHECK(ran.code == 1);
  CHECK_THAT(ran.text, contains(R"(to rootfs at \"/bin\")"));
}

TEST_CASE("options of a file system do not matter to a bind", "[native][root]") {
  bundle from;
  from.folder().make_directory("source");
  from.config["mounts"].push_back(mount_of("/t", "bind", from.folder() / "source", {"bind", "mode=755", "size=64k"}));
  from.set_script("grep -c ' /t ' /proc/self/mountinfo");
  CHECK(same_of_both(from) == "1\n");
}

TEST_CASE("the root has the propagation that was asked for", "[native][root]") {
  bundle from;
  const auto asked = GENERATE("shared", "slave", "private", "unbindable");
  from.config["linux"]["rootfsPropagation"] = asked;
  from.set_script("grep ' / / ' /proc/self/mountinfo; sed -n 's/.* \\/ \\(.*\\) - .*/\\1/p' /proc/self/mountinfo");
  const auto ran = from.run_native();
  CHECK(ran.code == 0);
  INFO(asked << " " << ran.text);
  CHECK((ran.text.find("shared:") != std::string::npos) == (std::string(asked) == "shared"));
  CHECK((ran.text.find("unbindable") != std::string::npos) == (std::string(asked) == "unbindable"));
}

TEST_CASE("labels of mounts need SELinux", "[native][root]") {
  if (::access("/sys/fs/selinux/enforce", F_OK) == 0) return;
  bundle from;
  from.config["linux"]["mountLabel"] = "system_u:object_r:svirt_sandbox_file_t:s0:c1,c2";
  const auto ran = from.run_native();
  CHECK(ran.code == 1);
  CHECK_THAT(ran.text, contains("context=system_u:object_r:svirt_sandbox_file_t:s0:c1,c2"));
  CHECK(from.cgroups_gone());
}
