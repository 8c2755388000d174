#include <sys/stat.h>

#include "actors/sandbox_supervisor.hpp"

// IPC namespaces that containers share, and with them /dev/shm (Docker Engine, "IPC settings"). A shareable one is held
// by the monitor, as a pod's is, for the file system at /dev/shm must be had by those who come later.
namespace gantry::sandbox {
namespace {

/// A container shares another's, that one a third's, and so on.
constexpr int longest_chain = 16;

monitor::make_pod_namespaces shareable(const key& sandbox, std::int64_t shm_bytes) {
  monitor::make_pod_namespaces wanted;
  wanted.sandbox = sandbox;
  wanted.ipc = true;
  wanted.shm_bytes = shm_bytes;
  return wanted;
}

/// A join under way.
struct joining {
  std::string donor; ///< id: whose namespace it is in the user's words
  std::string path;  ///< of that namespace
  int followed = 0;
  outcome_callback then;
};
using joining_ptr = std::shared_ptr<joining>;

tl::unexpected<error> not_shareable(const joining& work) {
  return fail(
      errc::invalid_argument,
      "failed to join IPC namespace: container {}: non-shareable IPC (hint: use IpcMode:shareable for the donor "
      "container)",
      work.donor);
}

bool same_namespace(const std::string& a, const std::string& b) {
  struct stat first {
  }, second{};
  return ::stat(a.c_str(), &first) == 0 && ::stat(b.c_str(), &second) == 0 && first.st_ino == second.st_ino;
}

/// The monitor tells again what it holds. One that has died meanwhile held it in vain, and its successor makes a new
/// one.
void take_held(self_pointer self, const joining_ptr& work, const container_record& holder) {
  auto wanted = shareable(holder.sandbox, holder.options.shm_size);
  ask<monitor::pod_namespaces>(self, self->state.parts->launcher(holder.monitor), deadline::inner, std::move(wanted),
                               [self, work](const result<monitor::pod_namespaces>& got) {
                                 if (!got) return work->then(tl::unexpected<error>(got.error()));
                                 if (!same_namespace(got->ipc, work->path))
                                   return work->then(
                                       fail(errc::failed_precondition,
                                            "failed to join IPC namespace: container {}: its /dev/shm went with its "
                                            "monitor, which died: restart that container",
                                            work->donor));
                                 self->state.namespaces.ipc = work->path;
                                 self->state.namespaces.shm = got->shm;
                                 work->then({});
                               });
}

void follow(self_pointer self, const joining_ptr& work, const container_record& record) {
  static constexpr std::string_view prefix = "container:";
  const auto& mode = record.options.ipc_mode;
  if (mode == "shareable") return take_held(self, work, record);
  if (mode == "host") {
    self->state.namespaces.ipc = work->path;
    self->state.namespaces.host_shm = true;
    return work->then({});
  }
  if (!mode.starts_with(prefix) || ++work->followed > longest_chain) return work->then(not_shareable(*work));
  find_container request{record.name.ns, mode.substr(prefix.size())};
  ask<found_container>(self, self->state.parts->catalog, deadline::inner, std::move(request),
                       [self, work](const result<found_container>& r) {
                         if (!r || !r->view) return work->then(not_shareable(*work));
                         follow(self, work, *r->view);
                       });
}

} // namespace

bool shares_ipc(const sandbox_supervisor_state& state) { return state.options.ipc_mode == "shareable"; }

void make_ipc(self_pointer self, outcome_callback then) {
  auto& state = self->state;
  if (!shares_ipc(state)) return then({});
  auto wanted = shareable(state.record.name, state.options.shm_size);
  ask<monitor::pod_namespaces>(self, state.parts->launcher(state.record.monitor), deadline::inner, std::move(wanted),
                               [self, then](const result<monitor::pod_namespaces>& got) {
                                 if (!got) return then(tl::unexpected<error>(got.error()));
                                 self->state.namespaces.ipc = got->ipc;
                                 self->state.namespaces.shm = got->shm;
                                 then({});
                               });
}

void drop_ipc(self_pointer self, std::function<void()> then) {
  auto& state = self->state;
  if (!shares_ipc(state)) return then();
  monitor::drop_pod_namespaces request{state.record.name};
  ask<done>(self, state.parts->launcher(state.record.monitor), deadline::inner, std::move(request),
            [then](const auto&) { then(); });
}

void join_ipc(self_pointer self, const container_record& donor, outcome_callback then) {
  auto work = std::make_shared<joining>();
  work->donor = donor.name.id;
  work->path = "/proc/" + std::to_string(donor.state.pid) + "/ns/ipc";
  work->then = std::move(then);
  follow(self, work, donor);
}

} // namespace gantry::sandbox
