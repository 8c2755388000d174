#include "runtime/native/cgroup_reuse.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "runtime/cgroup/remove.hpp"
#include "runtime/sys/files.hpp"

namespace gantry::native {
namespace {

/// A file of a container's v1 cgroup, and what one that has just been made says (of several lines: one of them).
struct cgroup_file {
  const char *controller, *name, *as_new;
};

/// What cannot be set back.
constexpr std::array<cgroup_file, 8> counters = {{{"memory", "memory.failcnt", "0\n"},
                                                  {"memory", "memory.memsw.failcnt", "0\n"},
                                                  {"memory", "memory.kmem.failcnt", "0\n"},
                                                  {"memory", "memory.oom_control", "oom_kill 0\n"},
                                                  {"pids", "pids.events", "max 0\n"},
                                                  {"cpu", "cpu.stat", "nr_periods 0\n"},
                                                  {"freezer", "freezer.state", "THAWED\n"},
                                                  {"blkio", "blkio.throttle.io_serviced", "Total 0\n"}}};

/// What is set back by writing 0.
constexpr std::array<cgroup_file, 5> peaks = {{{"memory", "memory.max_usage_in_bytes", "0"},
                                               {"memory", "memory.memsw.max_usage_in_bytes", "0"},
                                               {"memory", "memory.kmem.max_usage_in_bytes", "0"},
                                               {"memory", "memory.kmem.tcp.max_usage_in_bytes", "0"},
                                               {"cpuacct", "cpuacct.usage", "0"}}};

std::string path_of(const cgroup::layout& host, const std::string& path, const cgroup_file& file) {
  const auto folder = host.folder_of(file.controller, path);
  return folder.empty() ? folder : folder + "/" + file.name;
}

/// One that this kernel does not have tells nothing.
bool is_as_new(const cgroup::layout& host, const std::string& path, const cgroup_file& file) {
  const auto name = path_of(host, path, file);
  if (name.empty()) return true;
  const auto text = sys::read_file(name, 1 << 16);
  if (!text) return text.error().os_errno == ENOENT;
  return text->starts_with(file.as_new) || text->find(std::string("\n") + file.as_new) != std::string::npos;
}

bool set_back(const cgroup::layout& host, const std::string& path, const cgroup_file& file) {
  const auto name = path_of(host, path, file);
  if (name.empty()) return true;
  const sys::unique_fd fd(::open(name.c_str(), O_WRONLY | O_CLOEXEC));
  return fd ? ::write(fd.get(), "0", 1) == 1 : errno == ENOENT;
}

bool holds_little(const cgroup::layout& host, const std::string& path) {
  const auto folder = host.folder_of("memory", path);
  if (folder.empty()) return true;
  const auto text = sys::read_file(folder + "/memory.usage_in_bytes", 64);
  return text && std::strtoull(text->c_str(), nullptr, 10) <= most_left_charged;
}

/// Where the container has cgroups. None: somebody is in one, or there is a cgroup below it (a folder of cgroupfs has
/// two links, and one for each).
std::vector<std::string> vacant_folders(const cgroup::layout& host, const std::string& path) {
  std::vector<std::string> found;
  for (auto& folder : host.folders_of(path)) {
    struct stat status {};
    if (::stat(folder.c_str(), &status) != 0 && errno == ENOENT) continue;
    const auto processes = sys::read_file(folder + "/cgroup.procs", 64);
    if (status.st_nlink != 2 || !processes || !processes->empty()) return {};
    found.push_back(std::move(folder));
  }
  return found;
}

/// All of them, or none: those that had been moved go back.
bool move_all(const std::vector<std::string>& from, const std::vector<std::string>& to) {
  for (std::size_t at = 0; at < from.size(); ++at) {
    if (::rename(from[at].c_str(), to[at].c_str()) == 0) continue;
    const int why = errno;
    while (at-- > 0) (void)!::rename(to[at].c_str(), from[at].c_str());
    errno = why;
    return false;
  }
  return true;
}

} // namespace

bool can_reuse_cgroups(const cgroup::layout& host) {
  return host.how == cgroup::mode::v1 || host.how == cgroup::mode::hybrid;
}

bool put_cgroups_aside(const cgroup::layout& host, const std::string& path, const std::string& idle) {
  const auto from = vacant_folders(host, path);
  std::vector<std::string> to;
  to.reserve(from.size());
  for (const auto& folder : from) to.push_back(folder.substr(0, folder.size() - path.size()) + idle);
  const auto as_new = [&](const auto& file) { return is_as_new(host, path, file); };
  if (from.empty() || !std::all_of(counters.begin(), counters.end(), as_new) || !holds_little(host, path)) return false;
  const auto cleared = [&](const auto& file) { return set_back(host, path, file); };
  return std::all_of(peaks.begin(), peaks.end(), cleared) && move_all(from, to);
}

result<cgroup_handles> take_idle_cgroups(const cgroup::layout& host, const std::string& idle, const std::string& path,
                                         const resource_plan& resources) {
  GANTRY_LET(const auto bases, needed_hierarchies(host, resources));
  std::vector<std::string> from, to;
  for (const auto& base : bases) {
    from.push_back(base + idle);
    to.push_back(base + path);
  }
  if (move_all(from, to)) return open_cgroups(host, path);
  const int why = errno;
  (void)cgroup::remove(host, idle);
  return fail_errno(why, "rename the cgroup {} to {}", idle, path);
}

} // namespace gantry::native
