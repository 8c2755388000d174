// The kernel's bound: how many containers a second could come and go if engine and runtime cost nothing.
//   bench_bound [OPTIONS] LOWER WORK
// Each cycle makes a writable layer below WORK, a cgroup in each --cgroup folder, a process in mount, PID, IPC and UTS
// namespaces of its own; that hangs an overlay over LOWER, mounts proc, dev, pts, shm, mqueue, changes its root and
// executes the command; then all of it is removed. Left out is what engines and runtimes add: seccomp, capabilities,
// sysfs, masked paths, logs, records. Prints {"count", "seconds", "per_second"} as JSON; exit status 1 when a cycle
// failed.
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace {

using clock_type = std::chrono::steady_clock;

struct settings {
  std::string lower, work, command = "/bin/true";
  std::vector<std::string> cgroups; ///< folders, each of one hierarchy
  unsigned processes = 1;
  double seconds = 3;
  bool network = false, is_volatile = false, tmpfs = false;
};

/// What a cycle makes on the host.
struct place {
  std::string folder, overlay_options;
  std::vector<std::string> cgroups;
};

/// Ends this process: a bound that is measured with failures in it is none.
[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "bench_bound: %s: %s\n", what.c_str(), std::strerror(errno));
  ::_exit(1);
}

void need(int returned, const char* what) {
  if (returned != 0) die(what);
}

bool is_v2(const std::string& folder) {
  struct statfs status {};
  need(::statfs(folder.c_str(), &status), "statfs of a cgroup");
  return status.f_type == CGROUP2_SUPER_MAGIC;
}

// ---- the container's side

/// On v1 a process joins by writing itself; on v2 it was cloned there.
void join_cgroups(const place& at) {
  for (const auto& cgroup : at.cgroups) {
    if (is_v2(cgroup)) continue;
    int fd = ::open((cgroup + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0 || ::write(fd, "0", 1) != 1) die("join " + cgroup);
    ::close(fd);
  }
}

void make_devices() {
  struct device {
    const char* path;
    unsigned major, minor;
  };
  static constexpr device devices[] = {{"dev/null", 1, 3},   {"dev/zero", 1, 5},    {"dev/full", 1, 7},
                                       {"dev/random", 1, 8}, {"dev/urandom", 1, 9}, {"dev/tty", 5, 0}};
  for (const auto& one : devices) need(::mknod(one.path, S_IFCHR | 0666, ::makedev(one.major, one.minor)), one.path);
}

void build_root(const settings& asked, const place& at) {
  need(::mount("overlay", asked.work.c_str(), "overlay", 0, at.overlay_options.c_str()), "mount the overlay");
  need(::chdir(asked.work.c_str()), "enter the overlay");
  constexpr auto plain = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  need(::mount("proc", "proc", "proc", plain, nullptr), "mount proc");
  need(::mount("tmpfs", "dev", "tmpfs", MS_NOSUID, "mode=755,size=65536k"), "mount dev");
  for (const auto* folder : {"dev/pts", "dev/shm", "dev/mqueue"}) need(::mkdir(folder, 0755), folder);
  need(::mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620"),
       "mount pts");
  need(::mount("shm", "dev/shm", "tmpfs", plain, "mode=1777,size=65536k"), "mount shm");
  need(::mount("mqueue", "dev/mqueue", "mqueue", plain, nullptr), "mount mqueue");
  make_devices();
  // pivot_root(2), "pivot_root(".", ".")": the old root is hung over the new one, and taken off.
  need(static_cast<int>(::syscall(SYS_pivot_root, ".", ".")), "pivot_root");
  need(::umount2(".", MNT_DETACH), "detach the old root");
  need(::chdir("/"), "enter the new root");
}

[[noreturn]] void be_container(const settings& asked, const place& at) {
  join_cgroups(at);
  build_root(asked, at);
  char* arguments[] = {const_cast<char*>(asked.command.c_str()), nullptr};
  char* no_environment[] = {nullptr};
  ::execve(arguments[0], arguments, no_environment);
  die("execute " + asked.command);
}

// ---- the host's side

place make_place(const settings& asked, unsigned long number) {
  auto name = fmt::format("bound-{}-{}", ::getpid(), number);
  place made{asked.work + "/" + name, {}, {}};
  for (const auto& path : {made.folder, made.folder + "/upper", made.folder + "/work"})
    need(::mkdir(path.c_str(), 0755), "make a writable layer");
  made.overlay_options =
      fmt::format("lowerdir={},upperdir={}/upper,workdir={}/work,index=off,redirect_dir=off,metacopy=off{}",
                  asked.lower, made.folder, made.folder, asked.is_volatile ? ",volatile" : "");
  for (const auto& parent : asked.cgroups) {
    made.cgroups.push_back(fmt::format("{}/{}", parent, name));
    need(::mkdir(made.cgroups.back().c_str(), 0755), "make a cgroup");
  }
  return made;
}

/// The kernel lets go of a cgroup a moment after its last process was waited for.
void remove_cgroup(const std::string& path) {
  for (int tries = 0; ::rmdir(path.c_str()) != 0; ++tries) {
    if (errno != EBUSY || tries == 10000) die("remove " + path);
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
}

void remove_place(const place& at) {
  for (const auto& cgroup : at.cgroups) remove_cgroup(cgroup);
  std::filesystem::remove_all(at.folder);
}

/// A copy of this process in new namespaces; 0 in the copy.
pid_t clone_into(const settings& asked, const place& at) {
  clone_args how{};
  how.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
  if (asked.network) how.flags |= CLONE_NEWNET;
  how.exit_signal = SIGCHLD;
  int cgroup = -1;
  for (const auto& one : at.cgroups)
    if (cgroup < 0 && is_v2(one)) cgroup = ::open(one.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (cgroup >= 0) {
    how.flags |= CLONE_INTO_CGROUP;
    how.cgroup = static_cast<std::uint64_t>(cgroup);
  }
  auto pid = static_cast<pid_t>(::syscall(SYS_clone3, &how, sizeof how));
  if (pid < 0) die("clone3");
  if (cgroup >= 0) ::close(cgroup);
  return pid;
}

void cycle(const settings& asked, unsigned long number) {
  auto at = make_place(asked, number);
  auto pid = clone_into(asked, at);
  if (pid == 0) be_container(asked, at);
  int status = 0;
  if (::waitpid(pid, &status, 0) != pid) die("wait for a container");
  if (status != 0) ::_exit(1); // it has said why
  remove_place(at);
}

[[noreturn]] void work(const settings& asked, clock_type::time_point until, int results) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  unsigned long count = 0;
  while (clock_type::now() < until) cycle(asked, count++);
  ::_exit(::write(results, &count, sizeof count) == sizeof count ? 0 : 1);
}

int measure(const settings& asked) {
  int results[2];
  need(::pipe2(results, O_CLOEXEC), "make a pipe");
  auto begun = clock_type::now();
  auto until = begun + std::chrono::duration_cast<clock_type::duration>(std::chrono::duration<double>(asked.seconds));
  for (unsigned i = 0; i < asked.processes; ++i) {
    auto pid = ::fork();
    if (pid < 0) die("fork");
    if (pid == 0) work(asked, until, results[1]);
  }
  ::close(results[1]);
  unsigned long total = 0, one = 0;
  while (::read(results[0], &one, sizeof one) == sizeof one) total += one;
  std::chrono::duration<double> took = clock_type::now() - begun;
  bool failed = false;
  for (int status = 0; ::wait(&status) > 0;) failed = failed || status != 0;
  fmt::print("{{\"count\": {}, \"seconds\": {:.4f}, \"per_second\": {:.2f}}}\n", total, took.count(),
             static_cast<double>(total) / took.count());
  return failed ? 1 : 0;
}

} // namespace

int main(int argc, char** argv) {
  settings asked;
  CLI::App app{"How many containers a second the kernel makes and removes, without an engine or a runtime",
               "bench_bound"};
  app.add_option("LOWER", asked.lower, "The folder that the overlay is hung over")->required();
  app.add_option("WORK", asked.work, "A folder for the writable layers")->required()->check(CLI::ExistingDirectory);
  app.add_option("--command", asked.command, "What to execute, by its path in LOWER (/bin/true)");
  app.add_option("--cgroup", asked.cgroups, "A folder to make a cgroup in for each container; may be repeated")
      ->allow_extra_args(false)
      ->check(CLI::ExistingDirectory);
  app.add_option("--processes", asked.processes, "Cycles at a time (1)")->check(CLI::Range(1, 10000));
  app.add_option("--seconds", asked.seconds, "How long cycles begin (3)")->check(CLI::PositiveNumber);
  app.add_flag("--network", asked.network, "With a network namespace of its own");
  app.add_flag("--volatile", asked.is_volatile, "With overlay's option of that name: nothing is synced");
  app.add_flag("--tmpfs", asked.tmpfs, "Writable layers in memory");
  CLI11_PARSE(app, argc, argv);
  // Nothing is seen on the host, and nothing is left there.
  need(::unshare(CLONE_NEWNS), "make a mount namespace");
  need(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "make mounts private");
  if (asked.tmpfs) need(::mount("bound", asked.work.c_str(), "tmpfs", 0, nullptr), "mount tmpfs");
  return measure(asked);
}
