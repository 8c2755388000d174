#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>

#include <spdlog/spdlog.h>

#include "actors/pods.hpp"
#include "runtime/oci/features.hpp"
#include "runtime/sys/files.hpp"

namespace gantry::pods_steps {
namespace {

constexpr spec::kernel_version maps_tmpfs{6, 3}; // and overlayfs' layers since 5.19
constexpr std::uint32_t f2fs_magic = 0xf2f52010, xfs_magic = 0x58465342;
constexpr std::array<std::uint32_t, 5> maps_ids = {EXT4_SUPER_MAGIC, BTRFS_SUPER_MAGIC, TMPFS_MAGIC, xfs_magic,
                                                   f2fs_magic};

/// A sentence where the host itself cannot.
std::string why_not(const engine_config& config) {
  if (config.facts.kernel < maps_tmpfs) return "it takes Linux 6.3, where the IDs of a tmpfs can be mapped";
  const auto limit = sys::read_file("/proc/sys/user/max_user_namespaces", 64);
  if (!limit || limit->starts_with("0")) return "this host makes no user namespaces (sysctl user.max_user_namespaces)";
  struct statfs status {};
  const bool known =
      ::statfs(config.root.c_str(), &status) == 0 &&
      std::find(maps_ids.begin(), maps_ids.end(), static_cast<std::uint32_t>(status.f_type)) != maps_ids.end();
  if (!known) return "the file system of " + config.root + " is not known to map IDs: ext4, XFS, Btrfs and F2FS do";
  return {};
}

/// Runtimes being asked for what they can.
struct survey {
  pod_users found;
  std::size_t open = 1;
};
using survey_ptr = std::shared_ptr<survey>;

void one_answered(self_pointer self, const survey_ptr& work) {
  if (--work->open != 0) return;
  self->state.users = work->found;
  for (auto& promise : std::exchange(self->state.asking, {})) promise.deliver(work->found);
}

/// One that has not the verb (crun 1.8) is not counted among those that can.
void ask_runtime(self_pointer self, const survey_ptr& work, const std::string& name, const std::string& path) {
  monitor::run_process request;
  request.argv = {path, "features"};
  request.env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  request.timeout = std::chrono::seconds(10);
  ++work->open;
  ask<monitor::process_result>(self, self->state.parts->launchers.front(), deadline::inner, std::move(request),
                               [self, work, name](const result<monitor::process_result>& r) {
                                 if (r && r->exit_code == 0 && oci::joins_users(r->output))
                                   work->found.runtimes.insert(name);
                                 else
                                   spdlog::debug("the runtime {} does not say that it can join users", name);
                                 one_answered(self, work);
                               });
}

} // namespace

caf::result<pod_users> find_users(self_pointer self) {
  auto& state = self->state;
  if (state.users) return *state.users;
  auto promise = self->make_response_promise<pod_users>();
  state.asking.push_back(promise);
  if (state.asking.size() > 1) return promise;
  auto work = std::make_shared<survey>();
  work->found.why_not = why_not(*state.parts->config);
  if (work->found.why_not.empty())
    for (const auto& [name, path] : state.parts->config->runtimes) {
      if (name == monitor::native_runtime)
        work->found.runtimes.insert(name);
      else
        ask_runtime(self, work, name, path);
    }
  one_answered(self, work);
  return promise;
}

} // namespace gantry::pods_steps
