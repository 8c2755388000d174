#include "runtime/monitor/network_traces.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fib_rules.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <memory>

#include "runtime/sys/files.hpp"
#include "runtime/sys/loopback.hpp"

namespace gantry::monitor {
namespace {

/// The thread is in another network namespace as long as this lives.
class visit {
public:
  static result<visit> leave_home() {
    visit one;
    one.home_.reset(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)); // the first thread's: always the process's own
    if (!one.home_) return fail_errno(errno, "open /proc/self/ns/net");
    return one;
  }
  visit(visit&&) = default;
  visit& operator=(visit&&) = delete;
  ~visit() {
    if (home_) (void)::setns(home_.get(), CLONE_NEWNET);
  }

private:
  visit() = default;
  sys::unique_fd home_;
};

/// How many sockets there are, also those that processes outside hold, and connections that wait for their end. What
/// else stands in these files counts the whole host.
std::string socket_counts() {
  std::string text;
  for (const auto* file : {"/proc/thread-self/net/sockstat", "/proc/thread-self/net/sockstat6"}) {
    const auto counts = sys::read_file(file).value_or("absent");
    std::string_view left = counts, key;
    while (!left.empty()) {
      const auto size = std::min(left.find_first_of(" \n"), left.size());
      const auto word = left.substr(0, size);
      if (key == "used" || key == "inuse" || key == "tw") text.append(key).append(word).append(" ");
      key = word;
      left.remove_prefix(std::min(size + 1, left.size()));
    }
  }
  return text;
}

/// The payloads of all answers to one request; empty where the kernel does not know the protocol.
std::string ask_kernel(int protocol, std::uint16_t type, std::uint16_t flags, std::string_view question) {
  const sys::unique_fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
  if (!socket) return {};
  nlmsghdr head{};
  head.nlmsg_len = static_cast<std::uint32_t>(NLMSG_HDRLEN + question.size());
  head.nlmsg_type = type;
  head.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  std::string asked(reinterpret_cast<const char*>(&head), sizeof head);
  asked += question;
  if (::send(socket.get(), asked.data(), asked.size(), 0) < 0) return std::strerror(errno);
  alignas(nlmsghdr) std::array<char, 32768> buffer;
  std::string text;
  for (;;) {
    const auto got = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (got < 0) return std::strerror(errno);
    auto left = static_cast<unsigned>(got);
    for (auto* at = reinterpret_cast<nlmsghdr*>(buffer.data()); NLMSG_OK(at, left); at = NLMSG_NEXT(at, left)) {
      if (at->nlmsg_type == NLMSG_DONE) return text;
      text.append(static_cast<const char*>(NLMSG_DATA(at)), at->nlmsg_len - NLMSG_HDRLEN);
      if ((at->nlmsg_flags & NLM_F_MULTI) == 0) return text;
    }
  }
}

/// Of IPv6; those of IPv4 show in fib_trie.
std::string rules() {
  fib_rule_hdr question{};
  question.family = AF_INET6;
  return ask_kernel(NETLINK_ROUTE, RTM_GETRULE, NLM_F_DUMP,
                    {reinterpret_cast<const char*>(&question), sizeof question});
}

/// The generation of nf_tables grows with every change. Not asked where that would load the module into the kernel.
std::string filter_generation() {
  if (::access("/proc/modules", F_OK) == 0 && ::access("/sys/module/nf_tables", F_OK) != 0) return {};
  nfgenmsg question{};
  question.version = NFNETLINK_V0;
  constexpr auto type = static_cast<std::uint16_t>((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETGEN);
  return ask_kernel(NETLINK_NETFILTER, type, 0, {reinterpret_cast<const char*>(&question), sizeof question});
}

/// The names in /proc/net: those of new modules may tell of what the others do not.
void add_names(std::string& text) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/thread-self/net"), ::closedir);
  while (folder) {
    const auto* entry = ::readdir(folder.get());
    if (entry == nullptr) break;
    text.append(entry->d_name).append(entry->d_type == DT_DIR ? "/ " : " ");
  }
}

constexpr std::array<const char*, 10> files = {
    "dev",        "snmp",          "snmp6",           "netstat",  "fib_trie",
    "ipv6_route", "ip6_flowlabel", "ip_tables_names", "if_inet6", "ip6_tables_names"};

/// All but the sockets; makes some.
std::string rest_here() {
  std::string text;
  for (const auto* name : files) {
    const auto content = sys::read_file(std::string("/proc/thread-self/net/") + name);
    text.append(name).append(content ? *content : "absent");
  }
  // The first listener that asks for TCP fast open makes a key for all.
  text += sys::read_file("/proc/sys/net/ipv4/tcp_fastopen_key").value_or("absent");
  add_names(text);
  return text + rules() + filter_generation();
}

/// sunrpc and others have files there that root may write without any capability, into tables of the namespace.
bool has_writable_files(const std::string& path, int depth = 0) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), ::closedir);
  if (!folder) return true;
  while (const auto* entry = ::readdir(folder.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat status {};
    if (::fstatat(::dirfd(folder.get()), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) return true;
    if (S_ISREG(status.st_mode) && (status.st_mode & 0222) != 0) return true;
    if (S_ISDIR(status.st_mode) && (depth == 4 || has_writable_files(path + "/" + entry->d_name, depth + 1)))
      return true;
  }
  return false;
}

std::int64_t now_in_seconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

} // namespace

result<sys::unique_fd> make_fresh_network() {
  GANTRY_LET(const auto abroad, visit::leave_home());
  if (::unshare(CLONE_NEWNET) != 0) return fail_errno(errno, "make a network namespace");
  GANTRY_TRY(sys::bring_loopback_up());
  sys::unique_fd made(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!made) return fail_errno(errno, "open /proc/thread-self/ns/net");
  return made;
}

bool is_open_elsewhere(int network) {
  // A write lease is given to the only opener of a file (fcntl(2), "Leases"). Whoever opens it in between has this
  // process signalled: by default that would be SIGIO, which ends it.
  if (::fcntl(network, F_SETSIG, SIGURG) != 0 || ::fcntl(network, F_SETLEASE, F_WRLCK) != 0) return true;
  return ::fcntl(network, F_SETLEASE, F_UNLCK) != 0;
}

result<void> network_judge::look_at_fresh() {
  GANTRY_LET(const auto network, make_fresh_network());
  GANTRY_LET(const auto abroad, visit::leave_home());
  if (::setns(network.get(), CLONE_NEWNET) != 0) return fail_errno(errno, "enter a network namespace");
  looked_ = now_in_seconds();
  knowable_ = !has_writable_files("/proc/thread-self/net");
  auto sockets = socket_counts();
  fresh_ = traces{std::move(sockets), rest_here()};
  return {};
}

network_judge::verdict network_judge::compare_here() {
  if (socket_counts() != fresh_->sockets) return verdict::in_use;
  return knowable_ && rest_here() == fresh_->rest ? verdict::untouched : verdict::changed;
}

network_judge::verdict network_judge::judge(int network) {
  constexpr std::int64_t good_for = 60;
  if (is_open_elsewhere(network)) return verdict::changed;
  if (!fresh_ && !look_at_fresh()) return verdict::changed;
  auto abroad = visit::leave_home();
  if (!abroad || ::setns(network, CLONE_NEWNET) != 0) return verdict::changed;
  const auto found = compare_here();
  // What the kernel shows changes with its modules: the next one is compared with what is fresh then.
  if (found == verdict::changed && now_in_seconds() - looked_ >= good_for) fresh_.reset();
  return found;
}

} // namespace gantry::monitor
