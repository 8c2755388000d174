#include "api/door/proc.hpp"

#include <pwd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <ctime>
#include <memory>
#include <sstream>

#include "runtime/cgroup/remove.hpp"
#include "runtime/sys/directory.hpp"
#include "runtime/sys/files.hpp"

namespace gantry::door {
namespace {

constexpr std::size_t max_processes = 4096;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// A process's cgroup in the hierarchy of `controller`, or in the unified one (cgroups(7), /proc/[pid]/cgroup), whose
/// line names none.
std::string cgroup_of(const std::string& text, std::string_view controller) {
  std::string unified;
  for (const auto& line : lines_of(text)) {
    auto first = line.find(':'), next = line.find(':', first + 1);
    if (first == std::string::npos || next == std::string::npos) continue;
    auto names = fmt::format(",{},", line.substr(first + 1, next - first - 1));
    if (names == ",,") unified = line.substr(next + 1);
    if (names.find(fmt::format(",{},", controller)) != std::string::npos) return line.substr(next + 1);
  }
  return unified;
}

result<std::string> container_cgroup(int init) {
  auto text = sys::read_file(fmt::format("/proc/{}/cgroup", init));
  if (!text) return fail(errc::not_found, "the container's process {} has ended", init);
  // Also where v2 is all that is mounted, the kernel may have v1 hierarchies that others made (a nested host).
  const auto* host = cgroup::of_host();
  const bool v2 = host != nullptr && host->how == cgroup::mode::v2;
  auto path = cgroup_of(*text, v2 ? "" : "pids");
  if (path.empty() || path == "/") return fail(errc::not_found, "process {} is in no cgroup of its own", init);
  return path;
}

/// Fields of /proc/<pid>/stat after the command's name, which may hold anything: number 3 (state) is the first.
std::vector<std::string> stat_fields(int pid) {
  auto text = sys::read_file(fmt::format("/proc/{}/stat", pid)).value_or("");
  auto end = text.rfind(')');
  if (end == std::string::npos) return {};
  std::istringstream in(text.substr(end + 1));
  std::vector<std::string> fields;
  for (std::string one; in >> one;) fields.push_back(one);
  return fields;
}

std::string user_of(int pid) {
  struct stat status {};
  if (::stat(fmt::format("/proc/{}", pid).c_str(), &status) != 0) return "?";
  char buffer[4096];
  passwd entry{}, *found = nullptr;
  if (::getpwuid_r(status.st_uid, &entry, buffer, sizeof buffer, &found) == 0 && found != nullptr)
    return found->pw_name;
  return std::to_string(status.st_uid);
}

std::string command_of(int pid) {
  auto text = sys::read_file(fmt::format("/proc/{}/cmdline", pid)).value_or("");
  while (!text.empty() && text.back() == '\0') text.pop_back();
  for (auto& c : text)
    if (c == '\0') c = ' ';
  if (!text.empty()) return text;
  auto name = sys::read_file(fmt::format("/proc/{}/comm", pid)).value_or("?\n");
  return fmt::format("[{}]", name.substr(0, name.find('\n')));
}

std::string clock_text(std::int64_t seconds) {
  return fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::int64_t to_number(const std::string& text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string terminal_of(std::int64_t device) {
  auto major = (device >> 8) & 0xfff, minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  return device == 0 ? "?" : major >= 136 && major <= 143 ? fmt::format("pts/{}", (major - 136) * 256 + minor) : "tty";
}

std::string start_text(std::int64_t ticks_after_boot) {
  auto uptime = sys::read_file("/proc/uptime").value_or("0");
  auto boot = std::time(nullptr) - static_cast<std::time_t>(to_number(uptime.substr(0, uptime.find('.'))));
  auto when = boot + ticks_after_boot / ::sysconf(_SC_CLK_TCK);
  std::tm local{};
  ::localtime_r(&when, &local);
  return fmt::format("{:02}:{:02}", local.tm_hour, local.tm_min);
}

process_row row_of(int pid, const std::vector<std::string>& fields) {
  auto ticks = to_number(fields[11]) + to_number(fields[12]);
  return {user_of(pid),
          std::to_string(pid),
          fields[1],
          "0",
          start_text(to_number(fields[19])),
          terminal_of(to_number(fields[4])),
          clock_text(ticks / ::sysconf(_SC_CLK_TCK)),
          command_of(pid)};
}

std::map<std::string, interface_counters> read_networks(int init) {
  std::map<std::string, interface_counters> found;
  for (const auto& line : lines_of(sys::read_file(fmt::format("/proc/{}/net/dev", init)).value_or(""))) {
    auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    auto name = line.substr(line.find_first_not_of(' '), colon - line.find_first_not_of(' '));
    std::istringstream in(line.substr(colon + 1));
    interface_counters c;
    std::uint64_t skipped = 0;
    in >> c.rx_bytes >> c.rx_packets >> c.rx_errors >> c.rx_dropped >> skipped >> skipped >> skipped >> skipped >>
        c.tx_bytes >> c.tx_packets >> c.tx_errors >> c.tx_dropped;
    if (name != "lo") found.emplace(name, c);
  }
  return found;
}

std::uint64_t host_cpu() {
  auto text = sys::read_file("/proc/stat").value_or("");
  std::istringstream in(text.substr(0, text.find('\n')));
  std::string label;
  in >> label;
  std::uint64_t sum = 0, one = 0;
  for (int i = 0; i < 8 && in >> one; ++i) sum += one;
  return sum * (1'000'000'000ull / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK)));
}

} // namespace

result<std::set<int>> read_pids(int init) {
  GANTRY_LET(auto path, container_cgroup(init));
  GANTRY_LET(auto host, cgroup::detect());
  auto list = cgroup::processes(host, path, max_processes);
  if (list.empty()) return fail(errc::not_found, "the container's process {} has ended", init);
  return std::set<int>(list.begin(), list.end());
}

namespace {

void count_files(int pid, footprint& into) {
  const sys::directory folder(::opendir(fmt::format("/proc/{}/fd", pid).c_str()));
  if (!folder) return; // it has ended
  constexpr std::string_view socket = "socket:";
  char target[16];
  while (const auto* entry = ::readdir(folder.get())) {
    if (into.open_files >= footprint::max_open_files) return;
    auto size = ::readlinkat(::dirfd(folder.get()), entry->d_name, target, sizeof target);
    if (size < 0) continue; // "." and "..", or closed meanwhile
    ++into.open_files;
    if (std::string_view(target, static_cast<std::size_t>(size)).starts_with(socket)) ++into.sockets;
  }
}

} // namespace

result<footprint> read_footprint(int init) {
  GANTRY_LET(auto pids, read_pids(init));
  footprint found;
  found.processes = pids.size();
  for (int pid : pids) count_files(pid, found);
  struct statvfs disk {};
  if (::statvfs(fmt::format("/proc/{}/root", init).c_str(), &disk) != 0)
    return fail(errc::not_found, "the container's process {} has ended", init);
  found.disk_bytes = disk.f_blocks * disk.f_frsize;
  found.inodes = disk.f_files;
  found.inodes_free = disk.f_ffree;
  return found;
}

result<std::vector<process_row>> read_processes(int init) {
  GANTRY_LET(auto pids, read_pids(init));
  std::vector<process_row> rows;
  for (int pid : pids)
    if (auto fields = stat_fields(pid); fields.size() > 20) rows.push_back(row_of(pid, fields));
  if (rows.empty()) return fail(errc::not_found, "the container's process {} has ended", init);
  return rows;
}

result<usage> read_usage(int init) {
  GANTRY_LET(auto path, container_cgroup(init));
  GANTRY_LET(auto host, cgroup::detect());
  usage now;
  now.taken_at =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  GANTRY_LET(now.counters, cgroup::read_stats(host, path));
  now.cgroup = std::move(path);
  now.host_cpu_ns = host_cpu();
  now.cpus = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
  now.networks = read_networks(init);
  return now;
}

} // namespace gantry::door
