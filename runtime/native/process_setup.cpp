#include "runtime/native/process_setup.hpp"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "runtime/native/identity.hpp"
#include "runtime/native/names.hpp"
#include "runtime/native/procfs.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/unique_fd.hpp"

namespace gantry::native {
namespace {

constexpr std::size_t max_passwd = 4 << 20;

/// "x" below a folder of PATH, or empty when it is no file that the process may execute.
bool is_executable(const std::string& path, int& why) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return why = errno, false;
  // The kernel has the last word at execve: a filter may be loaded that refuses access(2).
  if (S_ISDIR(status.st_mode) || (status.st_mode & 0111) == 0) return why = EACCES, false;
  return true;
}

std::string_view variable(const std::vector<std::string>& env, std::string_view name) {
  std::string_view value; // the last one counts, as in a shell
  for (const std::string_view one : env)
    if (one.size() > name.size() && one[name.size()] == '=' && one.starts_with(name))
      value = one.substr(name.size() + 1);
  return value;
}

const char* words_of(int why) {
  return why == EACCES ? "permission denied" : why == ENOTDIR ? "not a directory" : "no such file or directory";
}

/// The home of `uid` by the root's /etc/passwd; "/" when it does not say.
std::string home_of(std::uint32_t uid) {
  const sys::unique_fd fd(::open("/etc/passwd", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return "/";
  const auto text = sys::read_all(fd.get(), max_passwd, "/etc/passwd").value_or(std::string());
  std::string_view left = text;
  while (!left.empty()) {
    auto line = left.substr(0, left.find('\n'));
    left.remove_prefix(std::min(left.size(), line.size() + 1));
    std::array<std::string_view, 6> field{};
    for (auto& one : field) {
      one = line.substr(0, line.find(':'));
      line.remove_prefix(std::min(line.size(), one.size() + 1));
    }
    if (field[2] == std::to_string(uid) && !field[5].empty()) return std::string(field[5]);
  }
  return "/";
}

/// A directory outside of the root has no name in it (getcwd(2)): it would be a way to the host (CVE-2024-21626).
result<void> check_directory() {
  char buffer[PATH_MAX];
  const auto size = ::syscall(SYS_getcwd, buffer, sizeof buffer);
  if (size > 0 && buffer[0] == '/') return {};
  if (size < 0 && errno != ENOENT) return fail_errno(errno, "get the current working directory");
  return fail(errc::denied, "current working directory is outside of container mount namespace root -- possible "
                            "container breakout detected");
}

result<void> change_directory(const std::string& cwd) {
  if (::chdir(cwd.c_str()) != 0) return fail_errno(errno, "chdir to cwd (\"{}\") set in config.json failed", cwd);
  return check_directory();
}

result<void> write_label(int procfs, const char* module, const std::string& name, const std::string& value) {
  auto written = write_below(procfs, std::to_string(::getpid()) + name, value);
  if (written) return {};
  return fail(errc::failed_precondition, "cannot set the {} label \"{}\": {}", module, value, written.error().message);
}

} // namespace

result<void> set_limits(const process_plan& plan) {
  for (const auto& one : plan.rlimits) {
    const rlimit limit{one.soft, one.hard};
    if (::prlimit(0, static_cast<__rlimit_resource>(one.resource), &limit, nullptr) != 0)
      return fail_errno(errno, "error setting rlimit {} to {}:{}", rlimit_name(one.resource), one.soft, one.hard);
  }
  return {};
}

result<void> set_oom_score(int procfs, pid_t pid, const process_plan& plan) {
  if (!plan.oom_score_adj) return {};
  return write_below(procfs, std::to_string(pid) + "/oom_score_adj", std::to_string(*plan.oom_score_adj));
}

result<void> set_oom_score_of_self(int procfs, const process_plan& plan) {
  if (!plan.oom_score_adj) return {};
  GANTRY_LET(const auto own, own_name_in(procfs));
  return write_below(procfs, own + "/oom_score_adj", std::to_string(*plan.oom_score_adj));
}

result<void> set_labels(int procfs, const process_plan& plan) {
  if (!plan.apparmor_profile.empty() && plan.apparmor_profile != "unconfined") {
    if (::access("/sys/kernel/security/apparmor", F_OK) != 0 && ::access("/sys/module/apparmor", F_OK) != 0)
      return fail(errc::failed_precondition, "apparmor profile \"{}\": AppArmor is not enabled on this host",
                  plan.apparmor_profile);
    auto written = write_label(procfs, "apparmor", "/attr/apparmor/exec", "exec " + plan.apparmor_profile);
    if (!written) GANTRY_TRY(write_label(procfs, "apparmor", "/attr/exec", "exec " + plan.apparmor_profile));
  }
  if (!plan.selinux_label.empty()) GANTRY_TRY(write_label(procfs, "selinux", "/attr/exec", plan.selinux_label));
  return {};
}

void own_stdio(const process_plan& plan) {
  for (int fd = 0; fd < 3; ++fd) {
    struct stat status {};
    if (::fstat(fd, &status) != 0 || status.st_uid == plan.uid) continue;
    if (S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3)) continue; // /dev/null is everybody's
    (void)!::fchown(fd, plan.uid, static_cast<gid_t>(-1));                    // read-only and foreign ones stay
  }
}

result<void> load_filter(const process_plan& plan, const seccomp_plan& filter, moment now) {
  const auto wanted = plan.no_new_privileges ? moment::last : moment::with_privileges;
  if (filter.program.empty() || wanted != now) return {};
  sock_fprog program{};
  program.len = static_cast<unsigned short>(filter.program.size() / sizeof(sock_filter));
  // seccomp(2) only reads it.
  program.filter = reinterpret_cast<sock_filter*>(const_cast<char*>(filter.program.data()));
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, filter.flags, &program) != 0)
    return fail_errno(errno, "load the seccomp filter");
  return {};
}

result<void> become(const process_plan& plan, const seccomp_plan& filter) {
  own_stdio(plan);
  ::umask(static_cast<mode_t>(plan.umask.value_or(022)));
  if (plan.no_new_privileges && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno(errno, "no_new_privs");
  // As root first, and before a filter that may refuse it; a directory that only the user may enter is tried again.
  auto entered = change_directory(plan.cwd);
  if (!entered && entered.error().os_errno != EACCES && entered.error().os_errno != EPERM) return entered;
  GANTRY_TRY(load_filter(plan, filter, moment::with_privileges));
  GANTRY_TRY(drop_bounding(plan));
  GANTRY_TRY(switch_user(plan));
  if (!entered) GANTRY_TRY(change_directory(plan.cwd));
  return set_capabilities(plan);
}

result<std::string> find_program(const process_plan& plan) {
  const auto& name = plan.args.front();
  int why = ENOENT;
  if (name.find('/') != std::string::npos) {
    if (is_executable(name, why)) return name;
    if (why != EACCES) return fail(errc::not_found, "exec: \"{}\": stat {}: {}", name, name, words_of(why));
    return fail(errc::denied, "exec: \"{}\": permission denied", name);
  }
  bool denied = false;
  auto folders = variable(plan.env, "PATH");
  while (!folders.empty()) {
    const auto folder = folders.substr(0, folders.find(':'));
    folders.remove_prefix(std::min(folders.size(), folder.size() + 1));
    const auto path = (folder.empty() ? std::string(".") : std::string(folder)) + "/" + name;
    if (is_executable(path, why)) return path;
    denied = denied || why == EACCES;
  }
  if (denied) return fail(errc::denied, "exec: \"{}\": permission denied", name);
  return fail(errc::not_found, "exec: \"{}\": executable file not found in $PATH", name);
}

std::vector<std::string> environment_of(const process_plan& plan) {
  auto env = plan.env;
  if (variable(env, "HOME").empty()) {
    std::erase_if(env, [](const std::string& one) { return one.starts_with("HOME="); });
    env.push_back("HOME=" + home_of(plan.uid));
  }
  return env;
}

result<void> close_descriptors(int first, int& kept, int& kept_too) {
  // Out of the way of both targets first.
  for (int* fd : {&kept, &kept_too}) {
    if (*fd < 0) continue;
    const int moved = ::fcntl(*fd, F_DUPFD_CLOEXEC, first + 2);
    if (moved < 0) return fail_errno(errno, "move a descriptor");
    *fd = moved;
  }
  int at = first;
  for (int* fd : {&kept, &kept_too}) {
    if (*fd < 0) continue;
    if (::dup3(*fd, at, O_CLOEXEC) < 0) return fail_errno(errno, "move a descriptor");
    *fd = at++;
  }
  // Closed now, not at execve: while that runs, no descriptor of the host's must have a name below /proc/self/fd.
  if (::syscall(SYS_close_range, static_cast<unsigned>(at), ~0U, 0) != 0) return fail_errno(errno, "close_range");
  return {};
}

} // namespace gantry::native
