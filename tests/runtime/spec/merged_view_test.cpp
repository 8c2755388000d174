#include "tests/catch.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "runtime/spec/merged_view.hpp"
#include "tests/runtime/spec/fixture.hpp"

using namespace gantry;
using gantry::test::put;

namespace {

struct two_layers {
  test::temp_folder base;
  std::string top = base.path + "/top", bottom = base.path + "/bottom";
  two_layers() {
    put(top + "/x", "");
    put(bottom + "/x", "");
  }
  [[nodiscard]] result<std::string> read(std::string_view path, std::size_t limit = 1024) const {
    return spec::merged_view({top, bottom}).read_file(path, limit);
  }
};

} // namespace

TEST_CASE("the topmost layer's file is read, and folders merge") {
  const two_layers l;
  put(l.bottom + "/etc/passwd", "old");
  put(l.bottom + "/etc/group", "group");
  put(l.top + "/etc/passwd", "new");
  CHECK(l.read("/etc/passwd") == "new");
  CHECK(l.read("etc//./group") == "group");
  CHECK(l.read("/etc/shadow").error().code == errc::not_found);
  CHECK(l.read("/etc").error().code == errc::invalid_argument);
  CHECK(l.read("/etc/passwd/more").error().code == errc::not_found);
  CHECK(l.read("/etc/passwd", 2).error().code == errc::exhausted);
}

TEST_CASE("symlinks stay within the root") {
  const two_layers l;
  put(l.bottom + "/etc/real", "inside");
  REQUIRE(::symlink("/etc/real", (l.bottom + "/absolute").c_str()) == 0);
  REQUIRE(::symlink("../../../../etc/real", (l.top + "/climb").c_str()) == 0);
  REQUIRE(::symlink("loop", (l.top + "/loop").c_str()) == 0);
  REQUIRE(::symlink("/etc", (l.top + "/folder").c_str()) == 0);
  CHECK(l.read("/absolute") == "inside");
  CHECK(l.read("/climb") == "inside");
  CHECK(l.read("/folder/real") == "inside");
  CHECK(l.read("/folder/../etc/real") == "inside");
  CHECK(l.read("/../../etc/real") == "inside");
  CHECK(l.read("/loop").error().code == errc::invalid_argument);
}

TEST_CASE("only regular files are opened") {
  const two_layers l;
  REQUIRE(::mkfifo((l.top + "/fifo").c_str(), 0600) == 0);
  CHECK(l.read("/fifo").error().code == errc::invalid_argument);
}

TEST_CASE("whiteouts and opaque folders hide what is below", "[root]") {
  const two_layers l;
  put(l.bottom + "/etc/passwd", "old");
  put(l.bottom + "/opt/file", "old");
  put(l.bottom + "/var/file", "old");
  put(l.top + "/etc/other", "x");
  put(l.top + "/opt/other", "x");
  REQUIRE(::mknod((l.top + "/etc/passwd").c_str(), S_IFCHR, makedev(0, 0)) == 0);
  REQUIRE(::mknod((l.top + "/var").c_str(), S_IFCHR, makedev(0, 0)) == 0);
  REQUIRE(::setxattr((l.top + "/opt").c_str(), "trusted.overlay.opaque", "y", 1, 0) == 0);
  CHECK(l.read("/etc/passwd").error().code == errc::not_found);
  CHECK(l.read("/opt/file").error().code == errc::not_found);
  CHECK(l.read("/var/file").error().code == errc::not_found);
  CHECK(l.read("/opt/other") == "x");
}

namespace {

/// A process whose root is a folder, in which a file is mounted over another one.
class rooted_process {
public:
  rooted_process(const std::string& root, const std::string& source, const std::string& covered) {
    int ready[2];
    REQUIRE(::pipe2(ready, O_CLOEXEC) == 0);
    const sys::unique_fd reading(ready[0]);
    sys::unique_fd writing(ready[1]);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) live(root, source, covered, writing.get());
    writing.reset();
    char good = 0;
    REQUIRE(::read(reading.get(), &good, 1) == 1);
  }
  ~rooted_process() { end(); }
  rooted_process(const rooted_process&) = delete;
  rooted_process& operator=(const rooted_process&) = delete;

  void end() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(std::exchange(pid_, -1), nullptr, 0);
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

private:
  [[noreturn]] static void live(const std::string& root, const std::string& source, const std::string& covered,
                                int ready) {
    const bool good = ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && ::unshare(CLONE_NEWNS) == 0 &&
                      ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                      ::mount(source.c_str(), (root + covered).c_str(), nullptr, MS_BIND, nullptr) == 0 &&
                      ::chroot(root.c_str()) == 0;
    if (!good || ::write(ready, "g", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  pid_t pid_ = -1;
};

} // namespace

TEST_CASE("of a container that runs its own root is read, but nothing that is mounted in it", "[root]") {
  const two_layers l;
  const auto live = l.base.path + "/live";
  put(live + "/etc/passwd", "added in memory");
  put(live + "/etc/group", "");
  put(l.bottom + "/etc/passwd", "of the image");
  put(l.bottom + "/etc/group", "of the image");
  put(l.base.path + "/mounted", "mounted");
  ::symlink("/etc/passwd", (live + "/link").c_str());
  rooted_process init(live, l.base.path + "/mounted", "/etc/group");
  const auto pid = init.pid();
  const auto start = sys::process_start_time(pid).value();
  const auto view = spec::merged_view::of_running(pid, start, {l.top, l.bottom});
  CHECK(view.read_file("/etc/passwd") == "added in memory");
  CHECK(view.read_file("/link") == "added in memory");
  CHECK(view.read_file("/../etc/passwd") == "added in memory");
  CHECK(view.read_file("/etc/group") == "of the image");
  CHECK(view.read_file("/etc/shadow").error().code == errc::not_found);
  CHECK(spec::merged_view::of_running(pid, start + 1, {l.top, l.bottom}).read_file("/etc/passwd") == "of the image");
  init.end();
  CHECK(spec::merged_view::of_running(pid, start, {l.top, l.bottom}).read_file("/etc/passwd") == "of the image");
}
