#include "runtime/network/names_program.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "runtime/network/subnet.hpp"
#include "runtime/sys/files.hpp"

namespace gantry::network {
namespace {

constexpr std::uint16_t dns_port = 53;
constexpr std::size_t max_sockets_file = 64 << 20;

void signal(const sys::unique_fd& pidfd, int number) {
  (void)::syscall(SYS_pidfd_send_signal, pidfd.get(), number, nullptr, 0U); // one that has ended needs none
}

} // namespace

std::string find_names_program() {
  for (const char* path : {"/usr/lib/podman/aardvark-dns", "/usr/libexec/podman/aardvark-dns",
                           "/usr/local/libexec/podman/aardvark-dns", "/usr/local/lib/podman/aardvark-dns"})
    if (::access(path, X_OK) == 0) return path;
  return {};
}

namespace {

/// A line's parts are told by blanks and commas: what holds others would be more than one name.
bool is_name(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
  });
}

/// Without zones ("fe80::1%eth0"): at one address that it cannot read, the program ends.
std::vector<std::string> plain_addresses(const std::vector<std::string>& servers) {
  std::vector<std::string> fit;
  in6_addr unused{};
  for (const auto& server : servers)
    if (::inet_pton(AF_INET, server.c_str(), &unused) == 1 || ::inet_pton(AF_INET6, server.c_str(), &unused) == 1)
      fit.push_back(server);
  return fit;
}

/// In lower case, as the program looks them up whatever the question's case is.
std::vector<std::string> listed(const std::vector<std::string>& names) {
  std::vector<std::string> fit;
  for (auto name : names) {
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c); });
    if (is_name(name) && std::find(fit.begin(), fit.end(), name) == fit.end()) fit.push_back(name);
  }
  return fit;
}

} // namespace

std::string names_file(const std::string& address, const std::vector<named_endpoint>& known) {
  auto text = address + "\n";
  for (const auto& one : known) {
    const auto names = listed(one.names), servers = plain_addresses(one.servers);
    if (names.empty()) continue;
    std::vector<std::string> four, six;
    for (const auto& ip : one.addresses) (family_of(ip) == ip_family::v4 ? four : six).push_back(ip);
    text += fmt::format("{} {} {} {}", one.id, fmt::join(four, ","), fmt::join(six, ","), fmt::join(names, ","));
    if (!servers.empty()) text += fmt::format(" {}", fmt::join(servers, ","));
    text += "\n";
  }
  return text;
}

monitor::run_process start_names_program(const names_place& where) {
  monitor::run_process request;
  request.argv = {where.program, "--config", where.folder, "--port", std::to_string(dns_port), "run"};
  request.env = {"PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"};
  return request;
}

std::optional<names_process> names_process::find(const names_place& where) {
  auto text = sys::read_file(where.folder + "/aardvark.pid", 64).value_or(std::string());
  pid_t pid = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), pid).ec != std::errc{} || pid <= 1) return std::nullopt;
  sys::unique_fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
  if (!pidfd) return std::nullopt;
  // Looked at while the descriptor keeps the pid from being another's unseen: what is signalled is what was seen.
  auto line = sys::read_file(fmt::format("/proc/{}/cmdline", pid), 64 << 10).value_or(std::string());
  const auto naming = '\0' + where.folder + '\0';
  if (line.find(naming) == std::string::npos) return std::nullopt;
  return names_process(std::move(pidfd));
}

void names_process::reload() const { signal(pidfd_, SIGHUP); }

void names_process::wait_end(std::chrono::milliseconds patience) const {
  pollfd ended{pidfd_.get(), POLLIN, 0};
  if (::poll(&ended, 1, static_cast<int>(patience.count())) == 0) signal(pidfd_, SIGKILL);
}

std::uint64_t find_udp_socket(std::string_view text, const std::string& address, std::uint16_t port) {
  const auto wanted = parse_ip(address);
  while (wanted && !text.empty()) {
    const std::string line(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    unsigned ip = 0, at = 0;
    unsigned long long inode = 0;
    // sl, local_address, rem_address, st, queues, timer, retrnsmt, uid, timeout, inode
    if (std::sscanf(line.c_str(), " %*d: %8x:%4x %*x:%*x %*x %*x:%*x %*x:%*x %*x %*d %*d %llu", &ip, &at, &inode) != 3)
      continue;
    if (std::memcmp(&ip, wanted->bytes.data(), sizeof ip) == 0 && at == port) return inode;
  }
  return 0;
}

std::uint64_t names_socket(const std::string& address) {
  return find_udp_socket(sys::read_file("/proc/net/udp", max_sockets_file).value_or(std::string()), address, dns_port);
}

} // namespace gantry::network
