#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "messages/domain/container.hpp"

/// What the engine and a monitor say to each other (runtime/monitor/README.md has the page of the protocol).
namespace gantry::monitor {

/// Grows with every change of a message. A monitor and an engine of different versions refuse each other by name.
inline constexpr std::uint32_t protocol_version = 9;
inline constexpr std::size_t max_frame_bytes = 4u << 20;

/// Which OCI runtime runs a container.
struct runtime_command {
  std::string path;       ///< absolute; with `native`, of the runtime for what that does not implement, or empty
  std::string state_root; ///< --root; <run>/oci/<ns>
  std::vector<std::string> flags; ///< global flags of the runtime, before the verb
  bool native = false;            ///< the monitor's own launcher (runtime/native), without executing a runtime
};

/// The name by which a user asks for the launcher of our own.
inline constexpr auto native_runtime = "native";

/// The runtimes' flag for cgroups that systemd makes; linux.cgroupsPath is "SLICE:PREFIX:NAME" then. The native
/// launcher goes by it, too.
inline constexpr auto systemd_flag = "--systemd-cgroup";

/// The root filesystem, mounted as an overlay by the monitor's child in a mount namespace of its own.
struct rootfs {
  std::vector<std::string> lower; ///< layer folders, base first; one alone without upper is bind-mounted
  std::string upper, work;        ///< empty: no writable layer
  bool volatile_upper = false;
  std::int64_t memory = 0; ///< bytes: without `upper`, a writable layer in memory, gone with the container's process
};

/// Where a container's output goes.
struct log_target {
  std::string driver; ///< json-file, local, cri, none
  std::string path; ///< absolute; rotated files are <path>.1, … A cri log is there from the start, and never rotated
  std::int64_t max_bytes = 0;
  int max_files = 1;
  bool compress = false;    ///< rotated files become <path>.1.gz, …
  std::int64_t buffer = -1; ///< bytes that may wait for the disk: lines over that are lost; -1: output waits
  std::vector<std::pair<std::string, std::string>> attributes{}; ///< written with each entry (json-file, local)
};

/// One line of a user namespace's maps (user_namespaces(7)).
struct id_range {
  std::uint32_t inside = 0, outside = 0, count = 0;
};

/// The user namespace that a container joins.
struct container_users {
  std::string path;                         ///< opens it (pod_namespaces::user); empty: the host's users
  std::uint32_t root_uid = 0, root_gid = 0; ///< what its 0 is on the host
};

/// A bind's source that is mounted before, since a name does not do: its files are to belong to other users, or it is
/// what a name below a folder leads to while nobody can change that any more.
struct mapped_source {
  std::string source;                   ///< absolute; empty: `layers`
  bool recursive = false;               ///< what is mounted below it too
  std::vector<id_range> uids{}, gids{}; ///< empty: the maps of the container's user namespace, if it has one
  std::vector<std::string> layers{};    ///< of an image, base first, absolute, two at least: an overlay, read-only
  std::string sub_path{};               ///< not empty: a file or folder below `source`, out of which no link may lead
};

// -- requests, each answered by the reply named beside it or by an error ------------------------------------------

/// Runs a container's init through the runtime and supervises it. Reply: started.
struct start_container {
  key container;
  runtime_command runtime;
  std::string bundle;      ///< absolute, below <run>/bundles; made by the monitor, removed by delete_container
  std::string config_json; ///< written to <bundle>/config.json; root.path is "rootfs"
  rootfs root;
  std::vector<std::pair<std::string, std::string>> files; ///< name, content: in <bundle>/files, a tmpfs that only the
                                                          ///< container's mount namespace sees; 1 MiB at most
  bool tty = false, open_stdin = false, stdin_once = false;
  log_target log;
  std::uint16_t console_height = 0, console_width = 0;
  std::string oom_cgroup; ///< cgroup folder to watch for OOM kills (v1 memory or v2); empty: none
  std::string shm;        ///< pod_namespaces::shm: mounted at <bundle>/shm, for config.json to bind; empty: none
  container_users users;  ///< whose the root, `files` and the pipes are; config.json says the same of the namespace
  std::vector<mapped_source> mapped; ///< mounted at <bundle>/mapped/0, … in this order, for config.json to bind
};

/// Another process in a running container. Reply: started; its end comes as process_exited with exec_id.
struct exec_process {
  key container;
  std::string exec_id;
  std::string process_json; ///< OCI runtime-spec `process`
  bool tty = false, open_stdin = false;
  bool hold_output = false; ///< a stream will be opened: its output waits for that (in the pipe, once the ring is full)
  std::uint16_t console_height = 0, console_width = 0;
  std::uint32_t keep_output = 0; ///< how many bytes of its output `process_exited` brings; at most 64 KiB
};

/// To init, or to the exec session named. Reply: done. not_found when it has ended.
struct signal_process {
  key container;
  std::string exec_id;
  int signal = 0;
};

/// To every process of the container, also without a PID namespace of its own. Reply: done.
struct signal_all {
  key container;
  int signal = 0;
};

struct pause_container {
  key container;
}; ///< Reply: done
struct resume_container {
  key container;
}; ///< Reply: done

/// Removes all that the runtime and the monitor have of a container: processes (killed), cgroups, bundle, FIFOs, exit
/// record. Idempotent: one that is not known is done. Reply: done.
struct delete_container {
  key container;
  runtime_command runtime;
  std::string bundle;
  /// The engine has seen all of its life, nobody joined its namespaces, and its limits are those that it was started
  /// with: its network and its cgroups may serve another.
  bool untouched = false;
};

/// Opens a stream to a container's or an exec session's stdio. Reply: stream_token. For a container that is not known
/// yet, the token is good for its next start (`docker run` attaches before it starts): its stream begins then.
struct open_stream {
  enum class kind : std::uint8_t { attach, follow_log };
  key container;
  std::string exec_id;
  kind what = kind::attach;
  bool want_stdin = false, want_stdout = false, want_stderr = false;
};

struct resize_terminal { ///< Reply: done
  key container;
  std::string exec_id;
  std::uint16_t height = 0, width = 0;
};

/// A network namespace that the monitor holds open, its loopback up. Reply: namespace_path. Idempotent.
struct make_network_namespace {
  key sandbox;
};
struct drop_network_namespace {
  key sandbox;
}; ///< Reply: done. Idempotent.

/// Runs a program of the host (a CNI plugin, a runtime's update verb) to its end. Reply: process_result.
struct run_process {
  std::vector<std::string> argv, env;
  std::string input;
  std::chrono::milliseconds timeout{30'000}; ///< then killed: error timeout
  std::uint32_t max_output = 1u << 20;       ///< per stream; more is cut off
};

/// Reply: container_list, all that this monitor has; exited ones until they are deleted.
struct list_containers {};

/// Takes over a container whose monitor died: watches `pid`, reads its FIFOs again. Reply: done.
struct adopt_container {
  start_container how; ///< config_json is not used
  std::int32_t pid = 0;
  std::uint64_t pid_start_time = 0;
};

/// Ends the monitor; refused with failed_precondition while it has containers. Reply: done.
struct shut_down {};

/// Goes on writing a running container's log in a fresh file at its path: somebody has renamed the one in use, which is
/// written to no more once this is answered. Reply: done.
struct reopen_log {
  key container;
};

/// The namespaces of a pod, which this monitor holds without a process in them. Reply: pod_namespaces. Idempotent:
/// those that the pod has are told again.
struct make_pod_namespaces {
  key sandbox;
  bool network = false, ipc = false, uts = false; ///< the network's loopback is up
  bool pid = false; ///< with a process of the monitor's as its init, which reaps and lasts until the drop
  std::vector<id_range> uids, gids; ///< not empty: the others belong to a user namespace with these maps
  std::string hostname;             ///< set in `uts`; empty: the host's
  std::vector<std::pair<std::string, std::string>> sysctls; ///< net.* of `network`; kernel.shm*, kernel.msg*,
                                                            ///< kernel.sem, fs.mqueue.* of `ipc`
  std::string cgroup;         ///< path below each hierarchy, for the init of `pid`; made if missing, removed with it
  std::int64_t shm_bytes = 0; ///< of a /dev/shm that the pod's containers share; 0: none
};
struct drop_pod_namespaces {
  key sandbox;
}; ///< Reply: done. Idempotent.

using request = std::variant<start_container, exec_process, signal_process, signal_all, pause_container,
                             resume_container, delete_container, open_stream, resize_terminal, make_network_namespace,
                             drop_network_namespace, run_process, list_containers, adopt_container, shut_down,
                             reopen_log, make_pod_namespaces, drop_pod_namespaces>;

// -- replies -------------------------------------------------------------------------------------------------------

struct done {};
struct started {
  std::int32_t pid = 0;
  std::uint64_t pid_start_time = 0;
  std::string launcher;  ///< what made it: native_runtime, or the OCI runtime's path
  std::string fell_back; ///< native was asked for: what it does not implement. Empty: it was not, or made it
};
struct stream_token {
  std::string token;  ///< 32 hex digits, for one connection within 10 s
  std::string socket; ///< path of the monitor's stream socket
};
struct namespace_path {
  std::string path;
}; ///< /proc/<monitor>/fd/<n>
struct process_result {
  int exit_code = 0; ///< 128 + signal when killed
  std::string output, error_output;
};
struct container_entry {
  key container;
  std::int32_t pid = 0;
  std::uint64_t pid_start_time = 0;
  bool exited = false;
  int exit_code = 0;
  bool oom_killed = false;
  unix_nanos started_at = 0, finished_at = 0;
};
struct container_list {
  std::vector<container_entry> containers;
  std::vector<key> pods{}; ///< those whose namespaces it holds
};

/// Paths that open them, /proc/<monitor>/fd/<n>; empty for those that were not asked for.
struct pod_namespaces {
  std::string network, ipc, uts, pid, user;
  std::string shm; ///< a mount namespace whose root is the pod's /dev/shm
  std::int32_t pause_pid = 0;
};

using reply = std::variant<done, started, stream_token, namespace_path, process_result, container_list, pod_namespaces>;

// -- facts, unasked ------------------------------------------------------------------------------------------------

/// A process ended: init when exec_id is empty. All its output is in the log before this is said.
struct process_exited {
  key container;
  std::string exec_id;
  int exit_code = 0; ///< 128 + signal when killed; 255 when `status_unknown`
  bool oom_killed = false;
  bool status_unknown = false; ///< an adopted process whose status the kernel would not tell
  unix_nanos finished_at = 0;
  std::string output{}; ///< of an exec session, as far as exec_process::keep_output says
};

// -- stream frames -------------------------------------------------------------------------------------------------

/// On the stream socket: after the 32 bytes of the token, frames both ways with Docker's 8-byte header {type, 0, 0, 0,
/// length as 32-bit big endian} (Docker Engine API, "Attach", stream format), so that a door may pass them on.
enum class frame : std::uint8_t {
  stdin_data = 0,  ///< to the container; length 0 closes its stdin
  stdout_data = 1, ///< from it; a terminal's output too
  stderr_data = 2,
  log_advanced = 3, ///< follow_log: the log file has grown or was rotated; no payload
  end = 4,          ///< the process has ended and all was sent; payload: exit code, 32-bit big endian
};
inline constexpr std::size_t max_stream_frame = 64u << 10;

} // namespace gantry::monitor
