#pragma once

#include <memory>
#include <optional>

#include "messages/admission.hpp"
#include "messages/domain/container.hpp"
#include "messages/domain/monitor.hpp"

namespace gantry {

using container_view = std::shared_ptr<const container_record>; ///< immutable: lists share it

/// Makes the container: claims its name, image, snapshot and volumes, and records it. The first message that a new
/// supervisor gets.
struct create_container {
  key name;
  std::string display_name; ///< empty: one is made up
  container_options options;
  std::string client; ///< who asks, for fairness
  /// Of one in a pod: what its pod decides.
  struct place {
    std::uint32_t monitor = 0;
    std::string log_path; ///< absolute; empty: no log
  };
  std::optional<place> in{};
  std::optional<slot> held{}; ///< what it has a turn by; none: it asks for one itself
};
struct created {
  key name;
  std::vector<std::string> warnings;
};

/// A container's life as the engine found it again at its start.
struct recover_container {
  container_record record;
  std::optional<monitor::container_entry> truth; ///< what its monitor says; empty: it knows nothing of it
};

/// The namespaces and network that a container's sandbox has ready for it.
struct sandbox_namespaces {
  std::string network;       ///< path; empty: the host's
  std::string ipc, pid, uts; ///< paths of a pod's or joined container's; empty: new ones, or the host's by the options
  std::string shm;           ///< of a pod, or shareable (monitor::pod_namespaces): what is shared at /dev/shm
  std::vector<network_endpoint> endpoints;
  bool host_shm = false; ///< `ipc` is the host's, and so is /dev/shm
  std::string user{};    ///< path of a pod's user namespace; empty: the host's users
};
/// Starts init in namespaces that are ready. Only the sandbox sends this; doors send start_container to the sandbox.
struct launch_container {
  sandbox_namespaces namespaces;
  std::string client;
};

/// Another container is about to join namespaces of this one.
struct join_namespaces {};

struct stop_container {
  std::optional<int> timeout; ///< seconds before SIGKILL; empty: the container's own; negative: without end
  std::string signal;         ///< empty: the container's own
};
struct kill_container {
  std::string signal = "SIGKILL"; ///< a name with or without SIG, or a number
  std::string exec_id = {};       ///< of an exec session; empty: init
};
struct pause_container {};
struct unpause_container {};
struct rename_container {
  std::string display_name;
};
struct remove_container {
  bool force = false;
  bool volumes = false; ///< its anonymous ones too
};

/// Other limits and another restart policy, at once and for each further life. What is zero, empty or absent stays.
struct update_container {
  resource_limits limits;
  std::optional<restart_policy> restart;
};
struct updated {
  std::vector<std::string> warnings;
};

/// Has the host's ps(1) list all processes of the host, with these arguments.
struct list_processes {
  std::vector<std::string> ps_arguments;
};
struct process_listing {
  std::string text;
};

struct wait_container {
  enum class condition { not_running, next_exit, removed };
  condition until = condition::not_running;
};
struct exit_report {
  int exit_code = 0;
  std::string error;
};

/// What an exec session runs (Docker Engine API, ExecConfig).
struct exec_options {
  std::vector<std::string> args, env;
  std::string user, working_dir;
  bool tty = false, privileged = false;
  bool attach_stdin = false, attach_stdout = false, attach_stderr = false;
  std::string detach_keys;
  console_size console; ///< unless its start names one
};
struct create_exec {
  exec_options options;
};
struct start_exec {
  std::string exec_id;
  bool detach = false;
  console_size console;
};
struct inspect_exec {
  std::string exec_id;
};
struct exec_session {
  std::string id;
  key container;
  exec_options options;
  bool running = false, started = false;
  int exit_code = -1; ///< meaningful once started and no longer running
  std::int32_t pid = 0;
};

/// A way to a container's bytes: the door connects to `socket` and says `token` (runtime/monitor/README.md, "Streams").
struct stream_ticket {
  std::string socket, token;
  bool tty = false;
};
struct attach_container {
  bool want_stdin = false, want_stdout = false, want_stderr = false;
};
struct follow_container_log {};
/// Goes on with its log in a fresh file: somebody has renamed the one in use.
struct reopen_container_log {};
struct resize_container {
  std::string exec_id; ///< empty: init
  std::uint16_t height = 0, width = 0;
};

/// Asks for the way to a container's files, until `borrower` ends. Of one that runs, that is its init's root, for many
/// at once. Of one that does not, its layers, for one borrower to mount at a time. A start waits for all of them, for a
/// bounded time.
struct borrow_rootfs {
  caf::actor_addr borrower;
};
struct borrowed_rootfs {
  container_view container; ///< state.pid and pid_start_time: its init; 0 when it does not run
  monitor::rootfs layers;   ///< base first, the writable one as upper and work: mounted by its init when it runs
};

/// Facts from the launcher: init or an exec session of this container ended.
struct container_process_exited {
  std::string exec_id; ///< empty: init
  int exit_code = 0;
  bool oom_killed = false, status_unknown = false;
  unix_nanos finished_at = 0;
  std::string output{}; ///< where the session was to keep it
};
/// The creation is some while ago: a start builds its document anew, for the host and the image as they are then.
struct forget_document {};
/// The monitor that holds this container died and a new one has taken its place.
struct monitor_replaced {};

/// What a supervisor sends itself for later. `generation` tells whether it is about the life that is still going on.
struct reminder {
  enum class about { kill_after_stop, give_up_stop, give_up_start };
  about what;
  std::uint64_t generation = 0;
};

/// What a supervisor sends itself for its container's health check. `round` tells whether that is still the one.
struct health_reminder {
  enum class about { probe, give_up };
  about what;
  std::uint64_t round = 0;
};

/// container_supervisor: one container's life. Requests that do not fit its state get failed_precondition.
using container_supervisor_actor = caf::typed_actor<
    // already_exists (name), not_found (image), invalid_argument, exhausted
    replies_to<create_container>::with<created>,
    // Takes the record as its state, and what the monitor says of it
    replies_to<recover_container>::with<done>,
    // failed_precondition when it runs; unavailable with the runtime's own words
    replies_to<launch_container>::with<done>,
    // failed_precondition when it does not run
    replies_to<join_namespaces>::with<done>,
    // Answers when it has ended; at once when it does not run (failed_precondition with nothing_to_do's errno EALREADY)
    replies_to<stop_container>::with<done>, replies_to<kill_container>::with<done>,
    replies_to<pause_container>::with<done>, replies_to<unpause_container>::with<done>,
    replies_to<rename_container>::with<done>,
    // invalid_argument in Docker's words; then nothing has changed
    replies_to<update_container>::with<updated>,
    // failed_precondition when it does not run, or the host has no ps
    replies_to<list_processes>::with<process_listing>,
    // Answers when nothing is left of it; the actor then ends
    replies_to<remove_container>::with<done>, replies_to<wait_container>::with<exit_report>,
    replies_to<create_exec>::with<exec_session>, replies_to<start_exec>::with<stream_ticket>,
    replies_to<inspect_exec>::with<exec_session>, replies_to<attach_container>::with<stream_ticket>,
    replies_to<follow_container_log>::with<stream_ticket>, replies_to<resize_container>::with<done>,
    replies_to<reopen_container_log>::with<done>,
    // failed_precondition when its writable layer is gone or going; exhausted over max_borrowers
    replies_to<borrow_rootfs>::with<borrowed_rootfs>, reacts_to<container_process_exited>, reacts_to<forget_document>,
    reacts_to<monitor_replaced>, reacts_to<reminder>, reacts_to<health_reminder>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::create_container)
GANTRY_MESSAGE(gantry::created)
GANTRY_MESSAGE(gantry::recover_container)
GANTRY_MESSAGE(gantry::launch_container)
GANTRY_MESSAGE(gantry::join_namespaces)
GANTRY_MESSAGE(gantry::stop_container)
GANTRY_MESSAGE(gantry::kill_container)
GANTRY_MESSAGE(gantry::pause_container)
GANTRY_MESSAGE(gantry::unpause_container)
GANTRY_MESSAGE(gantry::rename_container)
GANTRY_MESSAGE(gantry::remove_container)
GANTRY_MESSAGE(gantry::update_container)
GANTRY_MESSAGE(gantry::updated)
GANTRY_MESSAGE(gantry::list_processes)
GANTRY_MESSAGE(gantry::process_listing)
GANTRY_MESSAGE(gantry::wait_container)
GANTRY_MESSAGE(gantry::exit_report)
GANTRY_MESSAGE(gantry::create_exec)
GANTRY_MESSAGE(gantry::start_exec)
GANTRY_MESSAGE(gantry::inspect_exec)
GANTRY_MESSAGE(gantry::exec_session)
GANTRY_MESSAGE(gantry::attach_container)
GANTRY_MESSAGE(gantry::follow_container_log)
GANTRY_MESSAGE(gantry::stream_ticket)
GANTRY_MESSAGE(gantry::resize_container)
GANTRY_MESSAGE(gantry::reopen_container_log)
GANTRY_MESSAGE(gantry::borrow_rootfs)
GANTRY_MESSAGE(gantry::borrowed_rootfs)
GANTRY_MESSAGE(gantry::container_process_exited)
GANTRY_MESSAGE(gantry::forget_document)
GANTRY_MESSAGE(gantry::monitor_replaced)
GANTRY_MESSAGE(gantry::reminder)
GANTRY_MESSAGE(gantry::health_reminder)
