#include "runtime/native/cgroup_setup.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <iterator>
#include <set>
#include <sstream>

#include "runtime/cgroup/remove.hpp"
#include "runtime/native/cgroup_values.hpp"
#include "runtime/native/device_policy.hpp"
#include "runtime/native/systemd_limits.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/systemd/names.hpp"

namespace gantry::native {
namespace {

using cgroup::layout;

result<void> write_value(const std::string& folder, const std::string& file, const std::string& value) {
  const sys::unique_fd fd(::open((folder + "/" + file).c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) return fail_errno(errno, "open {}/{}", folder, file);
  if (::write(fd.get(), value.data(), value.size()) < 0)
    return fail_errno(errno, "write \"{}\" to {}/{}", value, folder, file);
  return {};
}

std::string folder_above(const std::string& folder) { return folder.substr(0, folder.rfind('/')); }

std::string read_line(const std::string& path) {
  auto text = sys::read_file(path, 1 << 16).value_or(std::string());
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

/// A new v1 cpuset is empty and takes no process: it gets its parent's (cpuset(7)). The parent may be just as new, made
/// by another launch that has not come to this yet: then it is filled first.
result<void> inherit_cpuset(const std::string& base, const std::string& path) {
  const auto above = path.substr(0, path.rfind('/'));
  for (const auto* file : {"cpuset.cpus", "cpuset.mems"}) {
    if (!read_line(base + path + "/" + file).empty()) continue;
    auto parents = read_line(base + above + "/" + file);
    if (parents.empty() && !above.empty()) {
      GANTRY_TRY(inherit_cpuset(base, above));
      parents = read_line(base + above + "/" + file);
    }
    if (!parents.empty()) GANTRY_TRY(write_value(base + path, file, parents));
  }
  return {};
}

enum class kind : std::uint8_t { plain, cpuset, unified };

/// Lets children of the v2 cgroup `folder` use every controller that it has.
result<void> delegate(const std::string& folder) {
  std::istringstream available(read_line(folder + "/cgroup.controllers"));
  std::istringstream enabled(read_line(folder + "/cgroup.subtree_control"));
  std::set<std::string> on;
  for (std::string name; enabled >> name;) on.insert(name);
  std::string line;
  for (std::string name; available >> name;)
    if (!on.contains(name)) line += (line.empty() ? "+" : " +") + name;
  return line.empty() ? result<void>{} : write_value(folder, "cgroup.subtree_control", line);
}

/// Makes `base` + `path` with its parents; `made` gets those that were not there.
result<void> make_folder(const std::string& base, const std::string& path, kind what, std::vector<std::string>& made) {
  const auto folder = base + path;
  int failed = ::mkdir(folder.c_str(), 0755) == 0 ? 0 : errno;
  if (failed == ENOENT && path.rfind('/') != 0 && path.rfind('/') != std::string::npos) {
    GANTRY_TRY(make_folder(base, path.substr(0, path.rfind('/')), what, made));
    failed = ::mkdir(folder.c_str(), 0755) == 0 ? 0 : errno;
  }
  if (failed == EEXIST) return {};
  if (failed != 0) return fail_errno(failed, "mkdir {}", folder);
  made.push_back(folder);
  if (what == kind::cpuset) return inherit_cpuset(base, path);
  if (what == kind::unified) return delegate(folder_above(folder));
  return {};
}

result<void> check_empty(const std::string& folder) {
  if (read_line(folder + "/cgroup.procs").empty()) return {};
  return fail(errc::already_exists, "container's cgroup is not empty: {} has processes", folder);
}

/// Each hierarchy once: its mount point and what is peculiar to it.
std::vector<std::pair<std::string, kind>> hierarchies_of(const layout& host) {
  std::vector<std::pair<std::string, kind>> all;
  for (const auto& [controller, base] : host.folders) {
    const auto what = controller == "cpuset" ? kind::cpuset : kind::plain;
    const auto found =
        std::find_if(all.begin(), all.end(), [&mount = base](const auto& one) { return one.first == mount; });
    if (found == all.end())
      all.emplace_back(base, what);
    else if (what != kind::plain)
      found->second = what;
  }
  if (!host.unified.empty()) all.emplace_back(host.unified, host.how == cgroup::mode::v2 ? kind::unified : kind::plain);
  return all;
}

constexpr std::array<std::string_view, 7> always_needed = {"memory",  "cpu",     "cpuacct", "pids",
                                                           "devices", "freezer", "blkio"};

/// Leaves those where something is asked of a controller, or of `always_needed`.
void leave_needed(const layout& host, const std::vector<cgroup_write>& writes,
                  std::vector<std::pair<std::string, kind>>& all) {
  if (host.how == cgroup::mode::v2) return;
  std::set<std::string> needed;
  const auto need = [&](std::string_view controller) { needed.insert(host.folder_of(controller, "")); };
  for (const auto controller : always_needed) need(controller);
  for (const auto& one : writes) need(one.controller);
  std::erase_if(all, [&](const auto& one) { return !needed.contains(one.first); });
}

result<std::string> folder_for(const layout& host, const std::string& path, const cgroup_write& one) {
  // Of a hybrid host's unified hierarchy only the membership is used: its controllers' files have other names, and
  // whether they may be used below the root is another's to say.
  if (host.how == cgroup::mode::hybrid && !host.folders.contains(one.controller) && host.has(one.controller))
    return fail(errc::failed_precondition,
                "cannot set {}: this host mounts no cgroups v1 hierarchy of {} beside its others, and has that "
                "controller in {} alone, whose limits need a host that uses cgroups v2 for all",
                one.file, one.controller, host.unified);
  auto folder = host.folder_of(one.controller, path);
  if (folder.empty() && one.controller == "cgroup") folder = host.unified + path; // cgroup.* of the unified map
  if (folder.empty())
    return fail(errc::failed_precondition, "cannot set {}: this host has no cgroup controller {}", one.file,
                one.controller);
  return folder;
}

/// What a new cgroup has anyway.
bool is_default(const cgroup_write& one) {
  return (one.file == "cpu.shares" && one.value == "1024") || (one.file == "cpu.weight" && one.value == "100") ||
         (one.file == "pids.max" && one.value == "max") || (one.file == "cpu.cfs_period_us" && one.value == "100000") ||
         (one.file == "cpu.cfs_quota_us" && one.value == "-1") || (one.file == "memory.swap.max" && one.value == "max");
}

result<void> write_one(const layout& host, const std::string& path, const cgroup_write& one) {
  GANTRY_LET(const auto folder, folder_for(host, path, one));
  auto written = write_value(folder, one.file, one.value);
  // The weight's file is named after the scheduler that has one.
  if (!written && one.file == "blkio.bfq.weight" && written.error().os_errno == ENOENT)
    return write_value(folder, "blkio.weight", one.value);
  return written;
}

/// In order; a memory limit above the one on memory and swap is written again after that has been raised.
result<void> write_resources(const layout& host, const std::string& path, const std::vector<cgroup_write>& writes) {
  const cgroup_write* again = nullptr;
  for (const auto& one : writes) {
    auto written = write_one(host, path, one);
    if (!written && one.file == "memory.limit_in_bytes" && written.error().os_errno == EINVAL) {
      again = &one;
      continue;
    }
    GANTRY_TRY(std::move(written));
    if (again != nullptr && one.file == "memory.memsw.limit_in_bytes")
      GANTRY_TRY(write_one(host, path, *std::exchange(again, nullptr)));
  }
  return again != nullptr ? write_one(host, path, *again) : result<void>{};
}

result<std::vector<cgroup_write>> writes_of(const layout& host, const resource_plan& resources) {
  return host.how == cgroup::mode::v2 ? v2_writes(resources) : v1_writes(resources);
}

result<void> set_devices(const layout& host, const std::string& path, const std::vector<device_rule>& rules,
                         const cgroup_handles& opened) {
  if (rules.empty()) return {};
  const auto policy = policy_of(rules);
  if (host.how == cgroup::mode::v2) return attach_device_policy(opened.unified.get(), policy);
  const auto lines = v1_device_lines(policy);
  if (lines.empty()) return {};
  const auto folder = host.folder_of("devices", path);
  if (folder.empty())
    return fail(errc::failed_precondition, "cannot restrict devices: this host has no devices cgroup");
  const sys::unique_fd allow(::open((folder + "/devices.allow").c_str(), O_WRONLY | O_CLOEXEC));
  const sys::unique_fd deny(::open((folder + "/devices.deny").c_str(), O_WRONLY | O_CLOEXEC));
  for (const auto& [file, line] : lines) {
    const int fd = file == "devices.allow" ? allow.get() : deny.get();
    if (::write(fd, line.data(), line.size()) < 0)
      return fail_errno(errno, "write \"{}\" to {}/{}", line, folder, file);
  }
  return {};
}

result<cgroup_handles> fill(const layout& host, const std::string& path, const std::vector<cgroup_write>& writes,
                            const std::vector<device_rule>& devices) {
  GANTRY_TRY(write_resources(host, path, writes));
  GANTRY_LET(auto opened, open_cgroups(host, path));
  GANTRY_TRY(set_devices(host, path, devices, opened));
  return opened;
}

result<cgroup_handles> make(const layout& host, const std::string& path, const resource_plan& resources,
                            hierarchies which, std::vector<std::string>& made) {
  GANTRY_LET(auto writes, writes_of(host, resources));
  std::erase_if(writes, is_default);
  auto bases = hierarchies_of(host);
  if (which == hierarchies::needed) leave_needed(host, writes, bases);
  for (const auto& [base, what] : bases) {
    const auto before = made.size();
    GANTRY_TRY(make_folder(base, path, what, made));
    if (made.size() == before) GANTRY_TRY(check_empty(base + path));
  }
  return fill(host, path, writes, resources.devices);
}

/// Until a look at all finds none that had not moved: a child that is forked meanwhile is where its parent was.
result<void> move_processes(const layout& host, const std::string& path, const std::string& into) {
  constexpr int most_looks = 100;
  for (int look = 0; look < most_looks; ++look) {
    std::istringstream in(sys::read_file(into + "/cgroup.procs", 1 << 20).value_or(std::string()));
    const std::set<int> there{std::istream_iterator<int>(in), {}};
    bool moved = false;
    for (const int pid : cgroup::processes(host, path)) {
      if (there.contains(pid)) continue;
      moved = true;
      auto put = write_value(into, "cgroup.procs", std::to_string(pid));
      if (!put && put.error().os_errno != ESRCH) return put; // ended
    }
    if (!moved) return {};
  }
  return fail(errc::timeout, "the processes of cgroup {} multiply faster than they can be moved to {}", path, into);
}

/// Where a launch left hierarchies out (hierarchies::needed) that a change needs, the cgroup is made there after all.
result<void> join_missing(const layout& host, const std::string& path, const std::vector<cgroup_write>& writes) {
  if (host.how == cgroup::mode::v2) return {};
  for (const auto& one : writes) {
    GANTRY_LET(const auto folder, folder_for(host, path, one));
    if (::access(folder.c_str(), F_OK) == 0) continue;
    GANTRY_TRY(open_cgroups(host, path)); // not of a container that has ended meanwhile
    std::vector<std::string> made;
    const auto what = one.controller == "cpuset" ? kind::cpuset : kind::plain;
    GANTRY_TRY(make_folder(host.folder_of(one.controller, ""), path, what, made));
    GANTRY_TRY(move_processes(host, path, folder));
  }
  return {};
}

void pause_briefly(long nanoseconds) {
  const timespec time{0, nanoseconds};
  ::nanosleep(&time, nullptr);
}

constexpr int patience = 500; // steps of 2 ms

/// Removes them where nobody is in them. A scope is systemd's to remove: taken from it, it is not seen to be empty.
bool is_gone(const layout& host, const std::string& path) {
  if (systemd::is_scope(path)) return ::access((host.unified + path).c_str(), F_OK) != 0;
  const auto removed = cgroup::remove(host, path);
  return removed && removed->complete();
}

result<void> end_scope(const layout& host, const std::string& path) {
  for (int step = 0; step < patience; ++step) {
    const auto pids = cgroup::processes(host, path);
    if (pids.empty()) return systemd::stop_unit(std::string(systemd::unit_of(path)));
    for (const int pid : pids) ::kill(pid, SIGKILL);
    if (step == 0) (void)set_frozen(host, path, freezing::thawed);
    pause_briefly(2'000'000);
  }
  return fail(errc::failed_precondition, "cgroup {} still has processes", path);
}

/// v1's `tasks` moves one thread, and of the writer itself without the lock that stops all forks and exits of the host.
const char* members_file(const layout& host, const std::string& base) {
  return host.how == cgroup::mode::v2 || base == host.unified ? "/cgroup.procs" : "/tasks";
}

} // namespace

result<std::vector<std::string>> needed_hierarchies(const layout& host, const resource_plan& resources) {
  GANTRY_LET(auto writes, writes_of(host, resources));
  std::erase_if(writes, is_default);
  auto bases = hierarchies_of(host);
  leave_needed(host, writes, bases);
  std::vector<std::string> all;
  all.reserve(bases.size());
  for (auto& [base, what] : bases) all.push_back(std::move(base));
  return all;
}

result<std::string> absolute_cgroup_path(const layout& host, const std::string& asked, const std::string& id) {
  const auto& wanted = asked.empty() ? id : asked;
  if (("/" + wanted + "/").find("/../") != std::string::npos)
    return fail(errc::invalid_argument, "cgroup path {} has ..", wanted);
  if (wanted.starts_with('/')) return wanted;
  // One path for all hierarchies: that of the unified one, or of a v1 hierarchy that nothing nests in.
  GANTRY_LET(const auto own, sys::read_file("/proc/self/cgroup", 1 << 16));
  std::istringstream in(own);
  std::string base;
  for (std::string line; std::getline(in, line);)
    if (host.how == cgroup::mode::v2 ? line.starts_with("0::") : line.find(":pids:") != std::string::npos)
      base = line.substr(line.rfind(':') + 1);
  return (base == "/" ? std::string() : base) + "/" + wanted;
}

result<cgroup_handles> make_cgroups(const layout& host, const std::string& path, const resource_plan& resources,
                                    hierarchies which) {
  std::vector<std::string> made;
  auto opened = make(host, path, resources, which, made);
  if (opened) return opened;
  for (auto folder = made.rbegin(); folder != made.rend(); ++folder) ::rmdir(folder->c_str());
  return within(opened.error(), "cgroup {}", path);
}

result<cgroup_handles> fill_cgroups(const layout& host, const std::string& path, const resource_plan& resources) {
  GANTRY_LET(auto writes, writes_of(host, resources));
  std::erase_if(writes, is_default);
  return fill(host, path, writes, resources.devices);
}

result<cgroup_handles> open_cgroups(const layout& host, const std::string& path) {
  cgroup_handles opened;
  for (const auto& [base, what] : hierarchies_of(host)) {
    const auto file = base + path + members_file(host, base);
    sys::unique_fd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd && errno == ENOENT) continue;
    if (!fd) return fail_errno(errno, "open {}", file);
    opened.members.push_back(std::move(fd));
  }
  if (opened.members.empty()) return fail(errc::not_found, "there is no cgroup {}", path);
  if (host.how != cgroup::mode::v2) return opened;
  opened.unified.reset(::open((host.unified + path).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!opened.unified) return fail_errno(errno, "open {}{}", host.unified, path);
  return opened;
}

result<void> update_cgroups(const layout& host, const std::string& path, const resource_plan& changes) {
  GANTRY_LET(const auto writes, writes_of(host, changes));
  GANTRY_TRY(join_missing(host, path, writes));
  if (systemd::is_unit(path))
    GANTRY_TRY(systemd::set_limits(std::string(systemd::unit_of(path)), unit_properties(writes)));
  return write_resources(host, path, writes);
}

result<void> remove_cgroups(const layout& host, const std::string& path) {
  if (systemd::is_scope(path)) return end_scope(host, path);
  for (int step = 0;; ++step) {
    GANTRY_LET(const auto removed, cgroup::remove(host, path));
    if (removed.complete()) return {};
    if (step == patience) return fail(errc::failed_precondition, "cgroup {} still has processes", removed.busy.front());
    for (const int pid : cgroup::processes(host, path)) ::kill(pid, SIGKILL);
    if (step == 0) (void)set_frozen(host, path, freezing::thawed);
    pause_briefly(step < 20 ? 100'000 : 2'000'000);
  }
}

bool remove_empty_cgroups(const std::string& path) {
  const auto* host = cgroup::of_host();
  if (host == nullptr) return true; // then there are none
  for (int step = 0; step < 10; ++step) {
    if (is_gone(*host, path)) return true;
    pause_briefly(100'000);
  }
  return false;
}

result<bool> is_frozen(const layout& host, const std::string& path) {
  if (host.how == cgroup::mode::v2)
    return read_line(host.unified + path + "/cgroup.events").find("frozen 1") != std::string::npos;
  const auto folder = host.folder_of("freezer", path);
  return !folder.empty() && read_line(folder + "/freezer.state") != "THAWED" && ::access(folder.c_str(), F_OK) == 0;
}

result<void> set_frozen(const layout& host, const std::string& path, freezing wanted) {
  const bool freeze = wanted == freezing::frozen;
  const bool v2 = host.how == cgroup::mode::v2;
  const auto folder = v2 ? host.unified + path : host.folder_of("freezer", path);
  if (folder.empty()) return fail(errc::failed_precondition, "this host has no freezer cgroup");
  const std::string file = v2 ? "cgroup.freeze" : "freezer.state";
  const std::string value = v2 ? (freeze ? "1" : "0") : (freeze ? "FROZEN" : "THAWED");
  for (int step = 0; step < patience; ++step) {
    // v1 stays at FREEZING while processes come and go: it is asked again.
    if (step == 0 || !v2) GANTRY_TRY(write_value(folder, file, value));
    const bool done =
        v2 ? read_line(folder + "/cgroup.events").find(freeze ? "frozen 1" : "frozen 0") != std::string::npos
           : read_line(folder + "/freezer.state") == value;
    if (done) return {};
    pause_briefly(2'000'000);
  }
  return fail(errc::timeout, "cgroup {} did not become {}", folder, freeze ? "frozen" : "thawed");
}

} // namespace gantry::native
