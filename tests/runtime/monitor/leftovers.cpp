#include "tests/runtime/monitor/leftovers.hpp"

#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <optional>
#include <vector>

#include "runtime/native/cgroup_setup.hpp"
#include "runtime/sys/files.hpp"

namespace gantry::test {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view prefix = "gantry-test-monitor-";

std::optional<int> number_at(std::string_view text) {
  int number = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc{}) return std::nullopt;
  return number;
}

bool is_alive(int pid) { return ::kill(pid, 0) == 0 || errno != ESRCH; }

/// Monitors are told by the run folder among their arguments.
void kill_monitors(const std::string& folder) {
  std::error_code none;
  for (const auto& process : fs::directory_iterator("/proc", none)) {
    const auto pid = number_at(process.path().filename().string());
    if (!pid) continue;
    const auto line = sys::read_file(process.path().string() + "/cmdline");
    if (line && line->find("gantry-monitor") != std::string::npos && line->find(folder + "/run") != std::string::npos)
      ::kill(*pid, SIGKILL);
  }
}

void unmount(const std::string& folder) {
  const auto text = sys::read_file("/proc/self/mountinfo", 16 << 20).value_or(std::string());
  for (auto at = text.find(folder + "/"); at != std::string::npos; at = text.find(folder + "/", at + 1))
    ::umount2(text.substr(at, text.find(' ', at) - at).c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
}

} // namespace

std::string folder_pattern() { return "/tmp/" + std::string(prefix) + std::to_string(::getpid()) + "-XXXXXX"; }

std::string container_namespace(int pid) { return "t" + std::to_string(pid); }

void sweep_leftovers() {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator("/tmp", none)) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with(prefix)) continue;
    const auto pid = number_at(std::string_view(name).substr(prefix.size()));
    if (!pid || is_alive(*pid)) continue;
    kill_monitors(entry.path().string());
    if (const auto* host = cgroup::of_host())
      (void)native::remove_cgroups(*host, "/gantry-test/" + container_namespace(*pid));
    unmount(entry.path().string());
    fs::remove_all(entry.path(), none);
  }
}

} // namespace gantry::test
