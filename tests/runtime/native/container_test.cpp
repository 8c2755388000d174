#include <fcntl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "runtime/native/launch.hpp"
#include "runtime/native/parse_plan.hpp"
#include "tests/runtime/native/bundle.hpp"

using namespace gantry;
using namespace gantry::native;
using test::bundle;
using test::contains;
using test::options_of;
using test::plan_of;

namespace {

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

struct pipe_ends {
  sys::unique_fd reading, writing;
  pipe_ends() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    reading.reset(ends[0]);
    writing.reset(ends[1]);
  }
};

} // namespace

TEST_CASE("a container is launched from this process, and another process in it", "[native][root]") {
  bundle from;
  from.set_script("echo in $1; cat; exit 4");
  const auto plan = plan_of(from);
  const auto& host = test::facts().cgroups;
  const auto path = from.cgroup();
  {
    auto cgroups = make_cgroups(host, path, plan.resources);
    REQUIRE(cgroups);
    pipe_ends input, output, gate;
    launch_descriptors descriptors;
    descriptors.input = input.reading.get();
    descriptors.output = descriptors.error_output = output.writing.get();
    descriptors.gate = gate.reading.get();
    const auto before = test::open_descriptors();
    auto init = launch_init(plan, descriptors, options_of(from, *cgroups));
    REQUIRE(init);
    CHECK(test::open_descriptors() == before + 2); // pidfd and progress
    REQUIRE(wait_started(*init, wait_until::at_gate));
    SECTION("it runs its program when the gate opens, and its output and exit code arrive") {
      REQUIRE(::write(gate.writing.get(), "g", 1) == 1);
      REQUIRE(wait_started(*init));
      std::uint32_t kinds = 0;
      for (const auto& one : plan.namespaces) kinds |= one.flag;
      auto process = plan.process;
      process.args = {"sh", "-c", "echo second; cat /proc/1/comm; exit 9"};
      auto second =
          launch_exec(process, plan.seccomp, {init->pidfd.get(), kinds}, descriptors, options_of(from, *cgroups));
      REQUIRE(second);
      REQUIRE(::write(gate.writing.get(), "g", 1) == 1);
      REQUIRE(wait_started(*second));
      CHECK(wait_for(second->pid) == 9);
      input.writing.reset();
      output.writing.reset();
      CHECK(wait_for(init->pid) == 4);
      CHECK(sys::read_all(output.reading.get(), 1000, "").value() == "in\nsecond\nsh\n");
    }
    SECTION("killed before, it is just gone") {
      REQUIRE(::syscall(SYS_pidfd_send_signal, init->pidfd.get(), SIGKILL, nullptr, 0U) == 0);
      CHECK(wait_for(init->pid) == 128 + SIGKILL);
    }
    SECTION("a program that does not exist in it is said") {
      auto process = plan.process;
      process.args = {"nope"};
      auto second = launch_exec(process, plan.seccomp, {init->pidfd.get(), 0x6c020000}, {}, options_of(from, *cgroups));
      REQUIRE(second);
      const auto started = wait_started(*second);
      REQUIRE(!started);
      CHECK(started.error().code == errc::not_found);
      CHECK(started.error().message == "exec: \"nope\": executable file not found in $PATH");
      CHECK(wait_for(second->pid) == 1);
    }
    ::kill(init->pid, SIGKILL);
    (void)::waitpid(init->pid, nullptr, 0);
  }
  REQUIRE(remove_cgroups(host, path));
  CHECK(from.cgroups_gone());
}

TEST_CASE("an overlay is mounted as the root, unseen by the host", "[native][root]") {
  bundle from;
  from.set_script("echo new > /written; exit 3");
  from.folder().make_directory("up");
  from.folder().make_directory("work");
  from.folder().make_directory("place");
  auto plan = plan_of(from);
  plan.overlay = sys::overlay_plan{{from.rootfs()}, from.folder() / "up", from.folder() / "work", "", false};
  plan.root = from.folder() / "place";
  auto cgroups = make_cgroups(test::facts().cgroups, from.cgroup(), plan.resources);
  REQUIRE(cgroups);
  auto init = launch_init(plan, {}, options_of(from, *cgroups));
  REQUIRE(init);
  REQUIRE(wait_started(*init));
  CHECK(wait_for(init->pid) == 3);
  CHECK(from.folder().has("up/written"));
  CHECK(!from.folder().has("bundle/rootfs/written"));
  CHECK(sys::read_file("/proc/self/mountinfo").value().find(from.folder().path()) == std::string::npos);
  REQUIRE(remove_cgroups(test::facts().cgroups, from.cgroup()));
}

TEST_CASE("gantry-oci runs, and what is said of failures is what callers look for", "[native][root]") {
  bundle from;
  SECTION("exit codes") {
    from.set_script("exit 42");
    CHECK(from.run_native().code == 42);
  }
  SECTION("no such program") {
    from.config["process"]["args"] = {"nope"};
    const auto ran = from.run_native();
    CHECK(ran.code == 1);
    CHECK_THAT(ran.text, contains(R"(exec: \"nope\": executable file not found in $PATH)"));
  }
  SECTION("no such path") {
    from.config["process"]["args"] = {"/nope"};
    CHECK_THAT(from.run_native().text, contains("no such file or directory"));
  }
  SECTION("a folder") {
    from.config["process"]["args"] = {"/bin"};
    CHECK_THAT(from.run_native().text, contains("permission denied"));
  }
  SECTION("a limit above the hard one") {
    from.config["process"]["rlimits"] = {{{"type", "RLIMIT_NOFILE"}, {"soft", 10}, {"hard", 1u << 30}}};
    const auto ran = from.run_native();
    CHECK(ran.code == 1);
    CHECK_THAT(ran.text, contains("RLIMIT_NOFILE"));
  }
  SECTION("a bind without its source") {
    from.config["mounts"].push_back({{"destination", "/x"}, {"type", "bind"}, {"source", "/no/such"}});
    CHECK_THAT(from.run_native().text, contains("error mounting \\\"/no/such\\\" to rootfs at \\\"/x\\\""));
  }
  CHECK(from.cgroups_gone());
  CHECK(!from.folder().has("state/" + from.id()));
}

TEST_CASE("the life of a container, verb by verb", "[native][root]") {
  bundle from({"sleep", "100"});
  from.write();
  const auto started =
      test::run({"sh", "-c",
                 std::string(GANTRY_OCI) + " --root " + (from.folder() / "state") + " create --pid-file " +
                     (from.folder() / "pid") + " --bundle " + from.path() + " " + from.id() + " >/dev/null 2>&1"});
  REQUIRE(started.code == 0);
  const auto status = [&] { return nlohmann::json::parse(from.oci({"state", from.id()}).text)["status"]; };
  CHECK(status() == "created");
  CHECK(from.folder().has("pid"));
  CHECK_THAT(from.oci({"create", "--bundle", from.path(), from.id()}).text, contains("already exists"));
  CHECK(from.oci({"start", from.id()}).code == 0);
  CHECK(status() == "running");
  CHECK(from.oci({"start", from.id()}).code == 1);
  CHECK(from.oci({"exec", from.id(), "sh", "-c", "exit 5"}).code == 5);
  CHECK(from.oci({"exec", "-e", "A=some value", "-u", "1000:1000", "--cwd", "/bin", from.id(), "sh", "-c",
                  "echo $A $(id -u) $PWD $HOME"})
            .text == "some value 1000 /bin /root\n");
  CHECK(from.oci({"exec", from.id(), "nope"}).code == 255);
  CHECK(from.oci({"pause", from.id()}).code == 0);
  CHECK(status() == "paused");
  CHECK_THAT(from.oci({"exec", from.id(), "true"}).text, contains("cannot exec in a paused container"));
  CHECK(from.oci({"resume", from.id()}).code == 0);
  CHECK(from.oci({"update", "--pids-limit", "77", from.id()}).code == 0);
  const auto pids = test::facts().cgroups.folder_of("pids", from.cgroup()) + "/pids.max";
  CHECK(sys::read_file(pids) == std::string("77\n"));
  const auto& host = test::facts().cgroups;
  const auto memory = host.folder_of("memory", from.cgroup()) +
                      (host.how == cgroup::mode::v2 ? "/memory.max" : "/memory.limit_in_bytes");
  for (const auto& [given, bytes] :
       {std::pair{"33554432", "33554432\n"}, {"100m", "104857600\n"}, {"1GiB", "1073741824\n"}}) {
    CHECK(from.oci({"update", "--memory", given, from.id()}).code == 0);
    CHECK(sys::read_file(memory) == std::string(bytes));
  }
  for (const auto* wrong : {"100x", "m", "9999999t", "1ib"})
    CHECK_THAT(from.oci({"update", "--memory", wrong, from.id()}).text, contains("invalid value for memory"));
  CHECK(nlohmann::json::parse(from.oci({"ps", "-f", "json", from.id()}).text).size() == 1);
  CHECK(nlohmann::json::parse(from.oci({"list", "-f", "json"}).text)[0]["id"] == from.id());
  CHECK_THAT(from.oci({"delete", from.id()}).text, contains("is not stopped: running"));
  CHECK(from.oci({"kill", from.id(), "KILL"}).code == 0);
  for (int i = 0; i < 500 && status() != "stopped"; ++i) ::usleep(10'000);
  CHECK(status() == "stopped");
  CHECK_THAT(from.oci({"kill", from.id()}).text, contains("container not running"));
  CHECK(from.oci({"delete", from.id()}).code == 0);
  CHECK_THAT(from.oci({"state", from.id()}).text, contains("container does not exist"));
  CHECK(from.oci({"delete", "--force", from.id()}).code == 0);
  CHECK(from.cgroups_gone());
}

TEST_CASE("a paused container dies of SIGKILL", "[native][root]") {
  bundle from({"sleep", "1000"});
  REQUIRE(from.start().code == 0);
  REQUIRE(from.oci({"pause", from.id()}).code == 0);
  CHECK((GENERATE(false, true) ? from.oci({"kill", "--all", from.id(), "KILL"}) : from.oci({"kill", from.id(), "KILL"}))
            .code == 0);
  const auto status = [&] { return nlohmann::json::parse(from.oci({"state", from.id()}).text)["status"]; };
  for (int i = 0; i < 500 && status() != "stopped"; ++i) ::usleep(10'000);
  CHECK(status() == "stopped");
}

TEST_CASE("a terminal is the container's own, and its master is sent to the console socket", "[native][root]") {
  bundle from;
  from.set_script("tty; ls /dev/console; echo done");
  from.config["process"]["terminal"] = true;
  from.config["process"]["consoleSize"] = {{"height", 33}, {"width", 77}};
  from.write();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto path = from.folder() / "console";
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const sys::unique_fd listening(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(listening.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(listening.get(), 1) == 0);
  CHECK(from.oci({"run", "--detach", "--console-socket", path, "--bundle", from.path(), from.id()}).code == 0);
  const sys::unique_fd connection(::accept(listening.get(), nullptr, nullptr));
  char name[64] = {};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  iovec part{name, sizeof name};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  REQUIRE(::recvmsg(connection.get(), &message, MSG_CMSG_CLOEXEC) > 0);
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
  const sys::unique_fd master(fd);
  std::string text;
  char buffer[256];
  for (ssize_t got = 0; (got = ::read(master.get(), buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(got));
  CHECK(text == "/dev/pts/0\r\n/dev/console\r\ndone\r\n");
}

TEST_CASE("a user namespace", "[native][root]") {
  bundle from;
  from.set_script(
      "id -u; cat /proc/self/uid_map | sed 's/ \\+/ /g'; cat /dev/null; echo x > /tmp/file; ls -ln /tmp/file | "
      "sed 's/ \\+/ /g' | sed 's/ [A-Z].*//'; grep CapEff /proc/self/status");
  from.folder().make_directory("bundle/rootfs/tmp");
  REQUIRE(test::run({"chown", "-R", "100000:100000", from.rootfs()}).code == 0);
  REQUIRE(test::run({"chmod", "-R", "755", from.folder().path()}).code == 0);
  from.config["linux"]["namespaces"].push_back({{"type", "user"}});
  for (const auto* map : {"uidMappings", "gidMappings"})
    from.config["linux"][map] = nlohmann::json::parse(R"([{"containerID":0,"hostID":100000,"size":65536}])");
  from.config["linux"].erase("sysctl"); // the range of groups is not mapped
  from.config["process"]["oomScoreAdj"] = 17;
  const auto ran = from.run_native();
  CHECK(ran.text == "0\n 0 100000 65536\n-rw-r--r-- 1 0 0 2\nCapEff:\t00000000a80425fb\n");
  CHECK(ran.code == 0);
  CHECK(from.cgroups_gone());
}

TEST_CASE("hooks get the state and run where the runtime-spec says", "[native][root]") {
  bundle from;
  const auto log = from.folder() / "log";
  from.set_script("echo program");
  const auto hook = [&](const std::string& name, const std::string& more = "") {
    return nlohmann::json::array({{{"path", "/bin/sh"},
                                   {"args", {"sh", "-c", "(echo " + name + " $(cat) " + more + ") >> " + log}},
                                   {"env", {"PATH=/bin:/usr/bin"}},
                                   {"timeout", 10}}});
  };
  for (const auto* kind : {"prestart", "createRuntime", "createContainer", "poststart", "poststop"})
    from.config["hooks"][kind] = hook(kind);
  from.config["hooks"]["startContainer"] =
      nlohmann::json::array({{{"path", "/bin/sh"},
                              {"args", {"sh", "-c", "cat >/hooked; hostname >/hooked-name 2>/dev/null; true"}},
                              {"env", {"PATH=/bin"}}}});
  SECTION("all succeed") {
    CHECK(from.run_native().code == 0);
    const auto said = sys::read_file(log).value();
    std::size_t at = 0;
    for (const auto* kind : {"prestart", "createRuntime", "createContainer", "poststart", "poststop"}) {
      const auto found = said.find(std::string(kind) + R"( {"ociVersion":)", at);
      INFO(kind << " in " << said);
      REQUIRE(found != std::string::npos);
      at = found;
    }
    CHECK_THAT(said, contains("\"id\":\"" + from.id()));
    CHECK(from.folder().has("bundle/rootfs/hooked"));
  }
  SECTION("one that fails undoes the container") {
    from.config["hooks"]["createRuntime"][0]["args"][2] = "exit 3";
    const auto ran = from.run_native();
    CHECK(ran.code == 1);
    CHECK_THAT(ran.text, contains("error running createRuntime hook #0"));
    CHECK_THAT(ran.text, contains("exit status 3"));
  }
  SECTION("one that takes too long is killed") {
    from.config["hooks"]["createContainer"][0]["args"][2] = "sleep 20";
    from.config["hooks"]["createContainer"][0]["timeout"] = 1;
    CHECK_THAT(from.run_native().text, contains("killed after 1 s"));
  }
  CHECK(from.cgroups_gone());
  CHECK(!from.folder().has("state/" + from.id()));
}
