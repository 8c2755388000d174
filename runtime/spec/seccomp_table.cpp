#include "runtime/spec/seccomp_table.hpp"

#include <seccomp.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace gantry::spec::seccomp {
namespace {

// Capability numbers that open calls (linux/capability.h).
constexpr int dac_read_search = 2, sys_module = 16, sys_rawio = 17, sys_chroot = 18, sys_ptrace = 19, sys_pacct = 20;
constexpr int sys_admin = 21, sys_boot = 22, sys_nice = 23, sys_time = 25, sys_tty_config = 26, syslog_cap = 34;
constexpr int perfmon = 38, bpf_cap = 39;

constexpr auto equal = condition::comparison::equal;
constexpr auto not_equal = condition::comparison::not_equal;
constexpr auto masked_equal = condition::comparison::masked_equal;

/// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET (sched.h): a clone that asks for none of them is
/// safe.
constexpr std::uint64_t clone_namespaces = 0x7E020000;
constexpr std::uint64_t af_vsock = 40; ///< reaches the hypervisor past every network namespace

constexpr rule allow(std::string_view calls) { return {calls, verdict::allow, {}, -1, -1, {}, {}, {}}; }
constexpr rule allow_with(int capability, std::string_view calls) {
  return {calls, verdict::allow, {}, capability, -1, {}, {}, {}};
}
constexpr rule allow_on(std::string_view architectures, std::string_view calls) {
  return {calls, verdict::allow, {}, -1, -1, architectures, {}, {}};
}
constexpr rule allow_if(condition when, std::string_view calls) {
  return {calls, verdict::allow, when, -1, -1, {}, {}, {}};
}

// Left out on purpose, whatever the capabilities: keyrings (not namespaced: keyctl, add_key, request_key), kexec_*,
// swapon/swapoff, io_uring_* (a second way to every call, past this filter), userfaultfd (widens kernel races),
// move_pages and migrate_pages, nfsservctl, uselib, ustat, sysfs, _sysctl, vm86*, pivot_root.
constexpr std::array rules = {
    // -- data through descriptors
    allow("read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek _llseek open openat openat2 "
          "creat close close_range dup dup2 dup3 fcntl fcntl64 ioctl flock pipe pipe2 splice tee vmsplice sendfile "
          "sendfile64 copy_file_range readahead fadvise64 fadvise64_64 fallocate truncate truncate64 ftruncate "
          "ftruncate64 sync syncfs fsync fdatasync sync_file_range cachestat"),
    allow("io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents io_pgetevents_time64"),
    // -- names and metadata
    allow(
        "stat stat64 lstat lstat64 fstat fstat64 fstatat64 newfstatat statx oldstat oldlstat oldfstat statfs statfs64 "
        "fstatfs fstatfs64 access faccessat faccessat2 chmod fchmod fchmodat fchmodat2 chown chown32 fchown fchown32 "
        "fchownat lchown lchown32 utime utimes utimensat utimensat_time64 futimesat umask"),
    allow("link linkat symlink symlinkat unlink unlinkat rename renameat renameat2 mkdir mkdirat rmdir mknod mknodat "
          "readlink readlinkat readdir getdents getdents64 getcwd chdir fchdir name_to_handle_at"),
    allow("getxattr lgetxattr fgetxattr getxattrat setxattr lsetxattr fsetxattr setxattrat listxattr llistxattr "
          "flistxattr listxattrat removexattr lremovexattr fremovexattr removexattrat"),
    allow("statmount listmount"),
    // -- waiting for events
    allow("poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64 epoll_create epoll_create1 epoll_ctl "
          "epoll_ctl_old epoll_wait epoll_wait_old epoll_pwait epoll_pwait2 eventfd eventfd2 signalfd signalfd4 "
          "timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 inotify_init "
          "inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark"),
    // -- memory
    allow("brk mmap mmap2 munmap mremap mprotect madvise mincore mlock mlock2 mlockall munlock munlockall msync "
          "remap_file_pages memfd_create memfd_secret membarrier pkey_alloc pkey_free pkey_mprotect mseal "
          "map_shadow_stack process_mrelease"),
    // -- processes, threads and their scheduling
    allow("execve execveat exit exit_group fork vfork wait4 waitid waitpid kill tkill tgkill pidfd_open "
          "pidfd_send_signal prctl capget capset getpid getppid gettid getpgid getpgrp setpgid getsid setsid "
          "set_tid_address set_robust_list get_robust_list set_thread_area get_thread_area rseq futex futex_time64 "
          "futex_waitv futex_wait futex_wake futex_requeue restart_syscall uname sysinfo getcpu getrandom seccomp "
          "landlock_create_ruleset landlock_add_rule landlock_restrict_self uretprobe"),
    allow("sched_yield sched_getaffinity sched_setaffinity sched_getattr sched_setattr sched_getparam sched_setparam "
          "sched_getscheduler sched_setscheduler sched_get_priority_max sched_get_priority_min sched_rr_get_interval "
          "sched_rr_get_interval_time64 getpriority setpriority ioprio_get ioprio_set getrlimit ugetrlimit setrlimit "
          "prlimit64 getrusage times"),
    // -- identities
    allow("getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 getresuid getresuid32 getresgid "
          "getresgid32 getgroups getgroups32 setuid setuid32 setgid setgid32 setreuid setreuid32 setregid setregid32 "
          "setresuid setresuid32 setresgid setresgid32 setfsuid setfsuid32 setfsgid setfsgid32 setgroups setgroups32"),
    // -- signals
    allow("rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait "
          "rt_sigtimedwait_time64 rt_tgsigqueueinfo sigaltstack sigaction signal sigpending sigprocmask sigreturn "
          "sigsuspend pause alarm"),
    // -- time
    allow("time gettimeofday clock_gettime clock_gettime64 clock_getres clock_getres_time64 clock_nanosleep "
          "clock_nanosleep_time64 nanosleep getitimer setitimer timer_create timer_delete timer_getoverrun "
          "timer_gettime timer_gettime64 timer_settime timer_settime64"),
    // Reading the clock's adjustment is harmless; the kernel asks for CAP_SYS_TIME to change it.
    allow("adjtimex clock_adjtime clock_adjtime64"),
    // -- sockets
    allow("socketpair socketcall bind connect listen accept accept4 shutdown getsockname getpeername getsockopt "
          "setsockopt send sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg recvmmsg_time64"),
    allow_if({0, not_equal, af_vsock, 0}, "socket"),
    // -- IPC, which has a namespace
    allow("ipc msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget "
          "mq_open mq_unlink mq_notify mq_getsetattr mq_timedreceive mq_timedreceive_time64 mq_timedsend "
          "mq_timedsend_time64"),
    // -- personality: only what does not weaken the process (Linux, Linux32, UNAME26, ask)
    allow_if({0, equal, 0x0, 0}, "personality"),
    allow_if({0, equal, 0x0008, 0}, "personality"),
    allow_if({0, equal, 0x20000, 0}, "personality"),
    allow_if({0, equal, 0x20008, 0}, "personality"),
    allow_if({0, equal, 0xffffffff, 0}, "personality"),
    // -- one architecture's own
    allow_on("amd64", "arch_prctl modify_ldt"),
    allow_on("386", "modify_ldt"),
    allow_on("arm arm64", "arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls"),
    allow_on("ppc64le", "sync_file_range2 swapcontext"),
    allow_on("s390x", "s390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr"),
    allow_on("riscv64", "riscv_flush_icache riscv_hwprobe"),
    // -- new processes without new namespaces; s390 has clone's first two arguments swapped (clone(2))
    rule{"clone", verdict::allow, condition{0, masked_equal, clone_namespaces, 0}, -1, sys_admin, {}, "s390x", {}},
    rule{"clone", verdict::allow, condition{1, masked_equal, clone_namespaces, 0}, -1, sys_admin, "s390x", {}, {}},
    // clone3's flags are in memory, where a filter cannot look: ENOSYS makes libc use clone.
    rule{"clone3", verdict::no_such_call, {}, -1, sys_admin, {}, {}, {}},
    // Before 4.8 ptrace could change a call after the filter had passed it (kernel, seccomp_filter.rst).
    rule{"ptrace process_vm_readv process_vm_writev", verdict::allow, {}, -1, -1, {}, {}, {4, 8}},
    // -- what a capability opens
    allow_with(dac_read_search, "open_by_handle_at"),
    allow_with(sys_admin, "clone clone3 unshare setns mount umount umount2 mount_setattr move_mount open_tree fsopen "
                          "fsmount fsconfig fspick fanotify_init quotactl quotactl_fd sethostname setdomainname bpf "
                          "perf_event_open lookup_dcookie syslog"),
    allow_with(sys_boot, "reboot"),
    allow_with(sys_chroot, "chroot"),
    allow_with(sys_module, "init_module finit_module delete_module"),
    allow_with(sys_pacct, "acct"),
    allow_with(sys_ptrace, "ptrace process_vm_readv process_vm_writev process_madvise kcmp pidfd_getfd"),
    allow_with(sys_rawio, "iopl ioperm"),
    allow_with(sys_time, "settimeofday stime clock_settime clock_settime64"),
    allow_with(sys_tty_config, "vhangup"),
    allow_with(sys_nice, "get_mempolicy set_mempolicy mbind set_mempolicy_home_node"),
    allow_with(syslog_cap, "syslog"),
    allow_with(bpf_cap, "bpf"),
    allow_with(perfmon, "perf_event_open"),
};

struct family {
  std::string_view go;
  std::array<std::string_view, 3> tokens;
  std::size_t count;
};
constexpr std::array<family, 11> families = {{
    {"amd64", {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"}, 3},
    {"386", {"SCMP_ARCH_X86", {}, {}}, 1},
    {"arm64", {"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", {}}, 2},
    {"arm", {"SCMP_ARCH_ARM", {}, {}}, 1},
    {"ppc64le", {"SCMP_ARCH_PPC64LE", {}, {}}, 1},
    {"s390x", {"SCMP_ARCH_S390X", "SCMP_ARCH_S390", {}}, 2},
    {"riscv64", {"SCMP_ARCH_RISCV64", {}, {}}, 1},
    {"mips64", {"SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64N32"}, 3},
    {"mips64le", {"SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64N32"}, 3},
    {"mips", {"SCMP_ARCH_MIPS", {}, {}}, 1},
    {"mipsle", {"SCMP_ARCH_MIPSEL", {}, {}}, 1},
}};

/// libseccomp takes "x86_64" where the runtime-spec writes SCMP_ARCH_X86_64.
std::uint32_t token_of(std::string_view name) {
  std::string lower(name.substr(std::string_view("SCMP_ARCH_").size()));
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return ::seccomp_arch_resolve_name(lower.c_str());
}

} // namespace

std::span<const rule> default_rules() { return rules; }

std::span<const std::string_view> architectures_of(std::string_view go_architecture) {
  for (const auto& one : families)
    if (one.go == go_architecture) return {one.tokens.data(), one.count};
  return {};
}

bool known(const std::string& call, std::span<const std::string_view> architectures) {
  // Numbers below -1000 stand for "not on this architecture"; -101 and below for the parts of socketcall and ipc,
  // which libseccomp maps to them (libseccomp, "pseudo syscalls").
  constexpr int lowest_multiplexed = -1000;
  return std::any_of(architectures.begin(), architectures.end(), [&](std::string_view name) {
    const auto token = token_of(name);
    if (token == 0) return true; // an older libseccomp: let the runtime's own decide
    const int number = ::seccomp_syscall_resolve_name_arch(token, call.c_str());
    return number != __NR_SCMP_ERROR && number > lowest_multiplexed;
  });
}

} // namespace gantry::spec::seccomp
