#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "messages/domain/error.hpp"
#include "runtime/native/container_plan.hpp"

namespace gantry::monitor {

/// What a short-lived child makes for a pod: namespaces that no process need be in (make_pod_namespaces in
/// messages/domain/monitor.hpp says what each field means).
struct pod_plan {
  bool network = false, ipc = false, uts = false, pid = false;
  std::vector<native::id_mapping> uids, gids;
  std::string hostname;
  std::vector<std::pair<std::string, std::string>> sysctls;
  std::string cgroup;
  std::int64_t shm_bytes = 0;
};

std::string encode(const pod_plan& plan);
result<pod_plan> decode_pod_plan(std::string_view bytes);

/// The names by which what was made comes along, in the order of the descriptors.
enum class pod_handle : char { network = 'n', ipc = 'i', uts = 'u', pid = 'p', user = 'U', mount = 'm', pause = 'h' };

/// Makes the namespaces, sets hostname and sysctls in them, and sends over `socket` the letters of what was made, a
/// blank and the pid of the pause process (0 without one), with the descriptors. Nothing stays when it fails. The
/// caller has one thread and the host's rights; it is in the pod's namespaces afterwards. Errors: the errno's, naming
/// what.
result<void> make_pod(const pod_plan& plan, int socket);

/// The life of the process that the namespaces are made with, until they are held: it enters an empty root (the pod's
/// /dev/shm where it has one) and says so over `ready`; then it ends with `go`, or, for a shared PID namespace, becomes
/// the pod's init: without rights, descriptors or a view of the host, it reaps what the pod's containers leave, for as
/// long as nobody kills it.
struct holder_pipes {
  int go = -1, ready = -1;
};
[[noreturn]] void hold_pod(const pod_plan& plan, const holder_pipes& with);

} // namespace gantry::monitor
