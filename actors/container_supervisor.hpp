#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/engine_parts.hpp"
#include "messages/container_supervisor.hpp"
#include "messages/sandbox_supervisor.hpp"
#include "runtime/spec/spec.hpp"

namespace gantry {

/// The probes of a container's health check (container_health).
struct health_watch {
  std::vector<std::string> command;
  std::uint64_t round = 0;     ///< changes with all that makes an earlier reminder or result void
  bool probing = false;        ///< a probe runs in the container
  bool late = false;           ///< it was killed for its time
  bool timed = false;          ///< a reminder of its time is on the way
  std::uint64_t probed_in = 0; ///< the round that it belongs to
  unix_nanos started_at = 0;
  std::chrono::nanoseconds up_at_start{0};        ///< how long init had run then
  std::chrono::steady_clock::time_point deadline; ///< once it runs
  std::string shown_id;                           ///< as events name it
};

struct container_supervisor_state {
  std::shared_ptr<const engine_parts> parts;
  sandbox_supervisor_actor sandbox;
  container_record record; ///< what is published and persisted after each change
  image_view image;
  std::string process_json; ///< runtime-spec `process` of the init that runs: what execs derive from
  /// The document that the creation was checked by: the first start's, unless that comes late (forget_document).
  std::unique_ptr<spec::built_spec> document;
  cdi::container_edits device_edits; ///< of its CDI devices, as they were at its creation or last start

  /// Counts lives: a reminder or an answer of an earlier one is told by it.
  std::uint64_t generation = 0;
  /// False from the moment init runs until the runtime and the monitor have forgotten it: no start before that.
  bool clean = true;
  /// In this life another container may have joined its namespaces, or its limits been changed. True also when this
  /// engine has not seen all of it.
  bool touched = true;
  bool removing = false;
  bool mounts_told = false;                         ///< as mounted, and not yet as unmounted
  bool stop_untold = false;                         ///< it was asked to stop: its end is told as "stop" too
  std::vector<std::function<void()>> when_clean;    ///< a start or a removal that waits for that
  std::vector<std::function<void()>> when_launched; ///< a stop or a removal that waits for the start under way
  std::vector<caf::actor_addr> borrowers;           ///< who has the way to its files; at most max_borrowers
  std::vector<std::function<void()>> when_returned; ///< a start or another borrower that waits for them to end
  std::function<void(error)> give_up_start;         ///< of the start that waits so; empty: none does
  health_watch health;
  std::chrono::milliseconds restart_delay{0};        ///< the last back-off; 0: none yet
  std::chrono::steady_clock::time_point launched_at; ///< by this engine; the clock's beginning: by an earlier one

  std::vector<caf::typed_response_promise<done>> stopping; ///< answered at the exit
  std::vector<caf::typed_response_promise<done>> removals; ///< answered when nothing is left
  struct waiter {
    wait_container::condition until;
    caf::typed_response_promise<exit_report> promise;
    caf::actor_addr asker;
  };
  std::vector<waiter> waiting;               ///< each until its asker ends
  std::map<std::string, exec_session> execs; ///< until the container is removed; at most max_execs

  static inline const char* name = "container_supervisor";
};

/// Exec sessions that are kept for inspection; the oldest ended ones go first.
inline constexpr std::size_t max_execs = 256;
/// Copies of a container's files at once, those that wait included.
inline constexpr std::size_t max_borrowers = 16;

/// container_supervisor (architecture, "Actors"). Ends itself once its container is removed or could not be created.
container_supervisor_actor::behavior_type
container_supervisor(container_supervisor_actor::stateful_pointer<container_supervisor_state> self,
                     std::shared_ptr<const engine_parts> parts, sandbox_supervisor_actor sandbox);

/// The steps of a container's life, one a file: each checks the state, acts, and says what became of it.
namespace container {

using self_pointer = container_supervisor_actor::stateful_pointer<container_supervisor_state>;

caf::result<created> create(self_pointer self, create_container request);
caf::result<done> recover(self_pointer self, const recover_container& found);
caf::result<done> launch(self_pointer self, const launch_container& request);
caf::result<done> share_namespaces(self_pointer self);
caf::result<done> stop(self_pointer self, const stop_container& request);
caf::result<done> kill(self_pointer self, const kill_container& request);
caf::result<done> pause(self_pointer self);
caf::result<done> unpause(self_pointer self);
caf::result<done> rename(self_pointer self, const rename_container& request);
caf::result<updated> update(self_pointer self, const update_container& request);
caf::result<process_listing> list_host_processes(self_pointer self, const list_processes& request);
caf::result<done> remove(self_pointer self, const remove_container& request);
caf::result<exit_report> wait(self_pointer self, const wait_container& request);
caf::result<exec_session> exec_create(self_pointer self, const create_exec& request);
caf::result<stream_ticket> exec_start(self_pointer self, const start_exec& request);
caf::result<exec_session> exec_inspect(self_pointer self, const inspect_exec& request);
caf::result<stream_ticket> open_stream(self_pointer self, monitor::open_stream request, bool tty);
caf::result<done> resize(self_pointer self, const resize_container& request);
caf::result<done> reopen_log(self_pointer self);
caf::result<borrowed_rootfs> borrow(self_pointer self, const borrow_rootfs& request);
void take_back(self_pointer self, const caf::actor_addr& borrower); ///< of anybody who has ended
void give_up_start(self_pointer self);
void session_ended(self_pointer self, exec_session& session, int exit_code);
void handle_exit(self_pointer self, const container_process_exited& fact);
void begin_health(self_pointer self);   ///< init runs
void recover_health(self_pointer self); ///< init was found running
void rest_health(self_pointer self);    ///< paused, or ended
void resume_health(self_pointer self);
void handle_health_reminder(self_pointer self, const health_reminder& what);
bool take_probe_exit(self_pointer self, const container_process_exited& fact); ///< false: it was no probe's
void handle_reminder(self_pointer self, const reminder& what);
void adopt_by_new_monitor(self_pointer self);

// -- shared by the steps --------------------------------------------------------------------------------------------

[[nodiscard]] bool alive(const container_record& record); ///< running or paused
[[nodiscard]] bool alive(const container_supervisor_state& state);
const launcher_actor& launcher_of(self_pointer self);
/// The runtime's command for this container. Errors: invalid_argument for a name that is not configured.
result<monitor::runtime_command> runtime_of(const engine_config& config, const container_record& record);
/// Of what it is made by, or was: the engine's default may be another by now.
result<monitor::runtime_command> maker_of(const engine_config& config, const container_record& record);
std::string bundle_of(const engine_config& config, const key& name);
/// The root filesystem's layers, topmost first, the writable one included.
std::vector<std::string> root_layers(const engine_config& config, const container_record& record);
monitor::rootfs rootfs_of(const engine_config& config, const container_record& record);
/// The runtime-spec `process` of an exec in the container that runs. Errors: as spec::exec_process_json.
result<std::string> exec_document(container_supervisor_state& state, const spec::exec_options& options);
/// Shows the record to the catalog alone.
void show(self_pointer self);
/// Shows the record to the catalog, and writes its state (answers are not waited for; a failure is logged).
void publish(self_pointer self);
/// Writes its state, and goes on when that is done or has failed (which is logged).
void write_state(self_pointer self, std::function<void()> then);
/// Shows and writes it when more than its state has changed: the whole record is written.
void publish_whole(self_pointer self);
event event_of(const container_record& record, std::string action, std::map<std::string, std::string> attributes);
void emit(self_pointer self, std::string action, std::map<std::string, std::string> attributes = {});
/// Its volumes come into a namespace of its own, and leave with that.
void tell_mounted(self_pointer self);
void tell_unmounted(self_pointer self);
/// Has the runtime and the monitor forget an init that has ended; then runs what waited for that.
void clean_up(self_pointer self);
void answer_waiting(self_pointer self, bool removed);
/// Goes on with a start once nobody has the container's files any more (an upper is mounted once at a time), or says
/// after a while why it will not.
void when_returned(self_pointer self, std::function<void()> start, std::function<void(error)> give_up);
/// The supervisor failed while it was creating: what it had taken is given back. (A writable layer without a record is
/// the next sweep's.)
void undo_creation(const engine_parts& parts, const key& name);
/// What --rm asks for, once the container has ended or could not be started.
void remove_itself(self_pointer self);

} // namespace container
} // namespace gantry
