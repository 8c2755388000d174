#include "runtime/monitor/child_plan.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "runtime/cgroup/mode.hpp"
#include "runtime/native/cgroup_setup.hpp"
#include "runtime/native/id_maps.hpp"
#include "runtime/sys/descriptor_passing.hpp"
#include "runtime/sys/exec_pointers.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/loopback.hpp"
#include "runtime/sys/wire.hpp"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

namespace gantry::monitor {
namespace {

constexpr int first_free_fd = 64; // above every target, so that dup2 onto a target overwrites nothing still needed

result<void> place_descriptors(const child_plan& plan, std::vector<int>& received) {
  for (auto& fd : received) {
    int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, first_free_fd);
    if (moved < 0) return fail_errno(errno, "move descriptor {}", fd);
    fd = moved;
  }
  for (std::size_t i = 0; i < received.size() && i < plan.targets.size(); ++i)
    if (::dup2(received[i], plan.targets[i]) < 0) return fail_errno(errno, "place descriptor {}", plan.targets[i]);
  auto last = plan.targets.empty() ? 2 : std::max(2, *std::max_element(plan.targets.begin(), plan.targets.end()));
  // Everything else (the zygote's socket, the memfd) closes at execve.
  ::syscall(SYS_close_range, static_cast<unsigned>(last + 1), ~0U, CLOSE_RANGE_CLOEXEC);
  return {};
}

result<void> enter_mount_namespace(const child_plan& plan) {
  // A copy of the host's namespace. Propagation stays as it is, so that rshared volumes keep working; what is mounted
  // below the private tmpfs of the bundles is seen here alone.
  if (::unshare(CLONE_NEWNS) != 0) return fail_errno(errno, "new mount namespace");
  if (plan.hide_unified_cgroup) {
    // The one mount that must not propagate: it would take the host's away.
    ::mount(nullptr, "/sys/fs/cgroup", nullptr, MS_REC | MS_PRIVATE, nullptr);
    if (::umount2("/sys/fs/cgroup/unified", MNT_DETACH) != 0 && errno != EINVAL && errno != ENOENT)
      return fail_errno(errno, "unmount /sys/fs/cgroup/unified");
  }
  if (plan.files) GANTRY_TRY(sys::mount_files(*plan.files));
  if (plan.shm) GANTRY_TRY(sys::mount_borrowed(*plan.shm));
  for (const auto& one : plan.mapped) GANTRY_TRY(native::mount_mapped(one));
  if (plan.overlay) return mount_overlay(*plan.overlay); // last: it may change the working directory
  return {};
}

result<void> enter_network_namespace() {
  if (::unshare(CLONE_NEWNET) != 0) return fail_errno(errno, "new network namespace");
  GANTRY_TRY(sys::bring_loopback_up());
  sys::unique_fd self(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!self) return fail_errno(errno, "open /proc/self/ns/net");
  return sys::send_with_descriptors(3, "n", {self.get()});
}

result<void> carry_out_verb(const child_plan& plan) {
  const auto* host = cgroup::of_host();
  if (host == nullptr) return {}; // then it has no cgroups either
  if (plan.verb == own_verb::remove) return native::remove_cgroups(*host, plan.cgroup);
  auto wanted = plan.verb == own_verb::freeze ? native::freezing::frozen : native::freezing::thawed;
  return native::set_frozen(*host, plan.cgroup, wanted);
}

result<void> take_steps(const child_plan& plan, std::vector<int>& received) {
  GANTRY_TRY(place_descriptors(plan, received));
  ::setsid(); // a session and process group of its own: a timeout kills the group
  if (plan.new_mount_namespace) GANTRY_TRY(enter_mount_namespace(plan));
  if (plan.new_network_namespace) GANTRY_TRY(enter_network_namespace());
  if (plan.pod) return make_pod(*plan.pod, 3);
  if (::chdir(plan.cwd.c_str()) != 0) return fail_errno(errno, "chdir to {}", plan.cwd);
  if (plan.verb != own_verb::none) return carry_out_verb(plan);
  if (plan.argv.empty()) return {};
  ::execve(plan.argv[0].c_str(), sys::pointers_to(plan.argv).data(), sys::pointers_to(plan.env).data());
  return fail_errno(errno, "execute {}", plan.argv[0]);
}

} // namespace

std::string encode(const child_plan& plan) {
  sys::wire_writer out;
  out.put(plan.argv).put(plan.env).put(plan.cwd).put(plan.targets);
  out.put(static_cast<std::uint8_t>(plan.new_mount_namespace))
      .put(static_cast<std::uint8_t>(plan.new_network_namespace));
  out.put(static_cast<std::uint8_t>(plan.hide_unified_cgroup)).put(static_cast<std::uint8_t>(plan.overlay.has_value()));
  if (plan.overlay) {
    out.put(plan.overlay->lower).put(plan.overlay->upper).put(plan.overlay->work).put(plan.overlay->target);
    out.put(static_cast<std::uint8_t>(plan.overlay->volatile_upper)).put(plan.overlay->memory);
    out.put(plan.overlay->users).put(plan.overlay->root_uid).put(plan.overlay->root_gid);
  }
  out.put(static_cast<std::uint8_t>(plan.files.has_value()));
  if (plan.files) out.put(plan.files->target).put(plan.files->files).put(plan.files->uid).put(plan.files->gid);
  out.put(plan.verb).put(plan.cgroup);
  out.put(plan.shm.has_value());
  if (plan.shm) out.put(plan.shm->mount_namespace).put(plan.shm->target);
  out.put(native::encode(plan.mapped));
  out.put(plan.pod.has_value());
  if (plan.pod) out.put(encode(*plan.pod));
  return out.take();
}

namespace {

overlay_plan read_overlay(sys::wire_reader& in) {
  overlay_plan plan;
  in.get(plan.lower);
  in.get(plan.upper);
  in.get(plan.work);
  in.get(plan.target);
  plan.volatile_upper = in.read<std::uint8_t>() != 0;
  in.get(plan.memory);
  in.get(plan.users);
  in.get(plan.root_uid);
  in.get(plan.root_gid);
  return plan;
}

} // namespace

result<child_plan> decode_child_plan(std::string_view bytes) {
  sys::wire_reader in(bytes);
  child_plan plan;
  in.get(plan.argv);
  in.get(plan.env);
  in.get(plan.cwd);
  in.get(plan.targets);
  plan.new_mount_namespace = in.read<std::uint8_t>() != 0;
  plan.new_network_namespace = in.read<std::uint8_t>() != 0;
  plan.hide_unified_cgroup = in.read<std::uint8_t>() != 0;
  if (in.read<std::uint8_t>() != 0) plan.overlay = read_overlay(in);
  if (in.read<std::uint8_t>() != 0) {
    plan.files.emplace();
    in.get(plan.files->target);
    in.get(plan.files->files);
    in.get(plan.files->uid);
    in.get(plan.files->gid);
  }
  in.get(plan.verb);
  in.get(plan.cgroup);
  if (in.read<bool>()) {
    plan.shm.emplace();
    in.get(plan.shm->mount_namespace);
    in.get(plan.shm->target);
  }
  std::string mapped, pod;
  in.get(mapped);
  if (in.read<bool>()) in.get(pod);
  if (!in.done()) return fail(errc::corrupt, "zygote: a plan has the wrong form");
  GANTRY_LET(plan.mapped, native::decode_mapped_mounts(mapped));
  if (!pod.empty()) {
    GANTRY_LET(plan.pod, decode_pod_plan(pod));
  }
  return plan;
}

void carry_out(const child_plan& plan, std::vector<int> received) {
  auto taken = take_steps(plan, received);
  if (taken) ::_exit(0);
  (void)sys::write_all(2, "gantry: " + taken.error().message + "\n");
  ::_exit(127);
}

} // namespace gantry::monitor
