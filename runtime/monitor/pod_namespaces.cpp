#include "runtime/monitor/pod_namespaces.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>

#include "runtime/monitor/passage.hpp"
#include "runtime/monitor/process_handle.hpp"
#include "runtime/sys/descriptor_passing.hpp"

namespace gantry::monitor {
namespace {

constexpr std::size_t max_hostname = 64;                   // sethostname(2)
constexpr std::size_t max_sysctls = 256, max_ranges = 340; // user_namespaces(7): lines of a map

pod_plan plan_of(make_pod_namespaces& what) {
  pod_plan plan;
  plan.network = what.network;
  plan.ipc = what.ipc;
  plan.uts = what.uts;
  plan.pid = what.pid;
  plan.uids = maps_of(what.uids);
  plan.gids = maps_of(what.gids);
  plan.hostname = std::move(what.hostname);
  plan.sysctls = std::move(what.sysctls);
  plan.cgroup = what.cgroup;
  plan.shm_bytes = what.shm_bytes;
  return plan;
}

/// Kubernetes' rule (and the kernel's): these are of the network and the IPC namespace; all others are the host's.
bool is_of_ipc(std::string_view name) {
  constexpr std::array<std::string_view, 4> prefixes = {"kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue."};
  return std::any_of(prefixes.begin(), prefixes.end(), [name](auto prefix) { return name.starts_with(prefix); });
}

result<void> check_sysctl(const make_pod_namespaces& what, const std::string& asked) {
  auto name = asked;
  const bool slashes = name.find('/') != std::string::npos;
  if (slashes) std::replace(name.begin(), name.end(), '/', '.');
  const bool climbs = name.find("..") != std::string::npos || name.find('\0') != std::string::npos;
  const bool held = (name.starts_with("net.") && what.network) || (is_of_ipc(name) && what.ipc);
  if (!held || climbs)
    return fail(errc::invalid_argument, "sysctl {}: no namespace of the pod's own holds it", asked.substr(0, 256));
  return {};
}

} // namespace

std::vector<native::id_mapping> maps_of(const std::vector<id_range>& ranges) {
  std::vector<native::id_mapping> maps;
  maps.reserve(ranges.size());
  for (const auto& one : ranges) maps.push_back({one.inside, one.outside, one.count});
  return maps;
}

result<void> check_pod(const make_pod_namespaces& what) {
  if (what.uids.empty() != what.gids.empty() || what.uids.size() > max_ranges || what.gids.size() > max_ranges)
    return fail(errc::invalid_argument, "a pod's users and groups are mapped both or not at all");
  if (what.hostname.size() > max_hostname || what.hostname.find('\0') != std::string::npos ||
      (!what.hostname.empty() && !what.uts))
    return fail(errc::invalid_argument, "the hostname '{}' cannot be set: 64 bytes at most, in a UTS namespace",
                what.hostname.substr(0, 128));
  if (what.sysctls.size() > max_sysctls)
    return fail(errc::invalid_argument, "{} sysctls; {} are allowed", what.sysctls.size(), max_sysctls);
  for (const auto& [name, value] : what.sysctls) GANTRY_TRY(check_sysctl(what, name));
  if (what.cgroup.find("..") != std::string::npos || (!what.cgroup.empty() && !what.cgroup.starts_with('/')))
    return fail(errc::invalid_argument, "'{}' is not the path of a cgroup", what.cgroup.substr(0, 256));
  if (what.shm_bytes < 0) return fail(errc::invalid_argument, "a /dev/shm of {} bytes", what.shm_bytes);
  return {};
}

void pod_namespace_table::make(make_pod_namespaces what, responder respond) {
  if (auto found = held_.find(what.sandbox); found != held_.end()) return respond(reply(paths_of(found->second)));
  if (auto good = check_pod(what); !good) return respond(tl::unexpected<error>(good.error()));
  auto ours = std::make_shared<passage>();
  job work;
  work.timeout = std::chrono::seconds(30);
  work.done = [this, sandbox = what.sandbox, cgroup = what.pid ? what.cgroup : std::string(), ours,
               respond = std::move(respond)](const job_end& how) {
    if (!how) return respond(within(how.error(), "make a pod's namespaces"));
    if (how->code != 0)
      return respond(fail(errc::unavailable, "make a pod's namespaces: {}", read_scratch(ours->printed.get())));
    made(sandbox, cgroup, ours->socket.get(), respond);
  };
  work.prepare = [plan = plan_of(what), ours] {
    child_plan with;
    with.pod = plan;
    return open_passage(std::move(with), *ours);
  };
  queue_.add(std::move(work));
}

result<pod_namespace_table::pod> pod_namespace_table::take(int socket) {
  GANTRY_LET(auto passed, sys::receive_with_descriptors(socket, 64, MSG_DONTWAIT));
  const auto blank = passed.bytes.find(' ');
  pod made;
  if (blank != passed.descriptors.size() || blank + 1 >= passed.bytes.size())
    return fail(errc::internal, "their descriptors did not come");
  for (std::size_t i = 0; i < blank; ++i)
    made.handles.emplace_back(static_cast<pod_handle>(passed.bytes[i]), std::move(passed.descriptors[i]));
  std::from_chars(passed.bytes.data() + blank + 1, passed.bytes.data() + passed.bytes.size(), made.pause_pid);
  return made;
}

void pod_namespace_table::made(const key& sandbox, const std::string& cgroup, int socket, const responder& respond) {
  auto taken = take(socket);
  if (!taken) return respond(within(taken.error(), "make a pod's namespaces"));
  taken->cgroup = cgroup;
  // A second request for the same pod may have been quicker: its namespaces are the ones.
  auto [at, fresh] = held_.try_emplace(sandbox, std::move(*taken));
  if (!fresh)
    for (const auto& [what, fd] : taken->handles)
      if (what == pod_handle::pause) (void)send_signal(fd.get(), SIGKILL);
  respond(reply(paths_of(at->second)));
}

pod_namespaces pod_namespace_table::paths_of(const pod& of) {
  pod_namespaces paths;
  paths.pause_pid = of.pause_pid;
  for (const auto& [what, fd] : of.handles) {
    auto path = fmt::format("/proc/{}/fd/{}", ::getpid(), fd.get());
    switch (what) {
    case pod_handle::network:
      paths.network = std::move(path);
      break;
    case pod_handle::ipc:
      paths.ipc = std::move(path);
      break;
    case pod_handle::uts:
      paths.uts = std::move(path);
      break;
    case pod_handle::pid:
      paths.pid = std::move(path);
      break;
    case pod_handle::user:
      paths.user = std::move(path);
      break;
    case pod_handle::mount:
      paths.shm = std::move(path);
      break;
    case pod_handle::pause:
      break;
    }
  }
  return paths;
}

std::vector<key> pod_namespace_table::holders() const {
  std::vector<key> all;
  all.reserve(held_.size());
  for (const auto& [sandbox, of] : held_) all.push_back(sandbox);
  return all;
}

std::string pod_namespace_table::drop(const key& sandbox) {
  const auto found = held_.find(sandbox);
  if (found == held_.end()) return {};
  for (const auto& [what, fd] : found->second.handles)
    if (what == pod_handle::pause) (void)send_signal(fd.get(), SIGKILL);
  auto cgroup = std::move(found->second.cgroup);
  held_.erase(found);
  return cgroup;
}

} // namespace gantry::monitor
