#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>

#include "runtime/monitor/bundle_folder.hpp"
#include "runtime/monitor/idle_cgroups.hpp"
#include "runtime/monitor/idle_networks.hpp"
#include "runtime/monitor/native_facts.hpp"
#include "runtime/monitor/native_launches.hpp"
#include "runtime/monitor/network_namespaces.hpp"
#include "runtime/monitor/pod_namespaces.hpp"
#include "runtime/monitor/process_io.hpp"
#include "runtime/monitor/protocol/exit_record.hpp"
#include "runtime/monitor/stream_server.hpp"
#include "runtime/oci/command_line.hpp"

namespace gantry::monitor {

/// Everything that a monitor does to containers: one state machine per container (starting, running, draining, exited),
/// moved by requests and by exits. The loop's thread alone; nothing in it waits.
///
/// Invariants: each request is answered once; a container is in `containers_` from the start request until its removal
/// or its failure to start; its process_exited follows its `started`, and comes after its log and exit record are
/// written.
class supervisor {
public:
  struct surroundings {
    event_loop& loop;
    child_processes& processes;
    disk_writer& disk;
    worker_thread& cgroups; ///< for removals, which wait for the kernel, and for what follows them
    const bundle_folder& bundles;
    std::string run_dir;
    std::string idle_cgroups_record; ///< a file of its own
  };
  static constexpr std::size_t max_runtimes = 32; ///< runtime processes at once; more wait in order

  supervisor(surroundings with, std::function<void(const process_exited&)> announce, std::function<void()> end);

  void use_streams(stream_server& streams) { streams_ = &streams; }
  void handle(request what, const responder& respond);
  /// A client has redeemed its token: it is attached to its process, now or when that is started.
  void attach(std::shared_ptr<stream_session> client, std::string left);

private:
  enum class stage : std::uint8_t { starting, running, draining, exited };

  /// A container's init or an exec session's process.
  struct process {
    std::int32_t pid = 0;
    std::uint64_t start_time = 0;
    sys::unique_fd handle;          ///< pidfd
    event_loop::watch handle_watch; ///< after handle; only for a process that is not our child
    event_loop::timer handle_timer;
    std::shared_ptr<process_io> io;
    bool ended = false;
  };
  struct container {
    key name;
    runtime_command runtime;
    std::shared_ptr<const native_facts> native; ///< none: its OCI runtime has launched it
    std::optional<reusable_network> network;    ///< that may serve another; without a handle until it is known
    std::optional<std::string> cgroup_terms;    ///< under which its cgroups may serve another
    std::string idle_cgroups;                   ///< the path of those that its start was to take
    std::string fell_back;                      ///< why that one has, where native was asked for
    std::string bundle, oom_cgroup;
    container_users users; ///< whose its pipes are
    stage now = stage::starting;
    bool paused = false;
    std::uint64_t oom_kills_before = 0;
    process init;
    std::map<std::string, process> execs;
    exit_record end;
  };
  using container_ptr = std::shared_ptr<container>;
  struct deletion {
    delete_container what;
    std::vector<responder> askers;
    event_loop::timer patience;
    bool removing = false; ///< the runtime's delete is under way
  };
  /// What a child that runs the runtime printed, shared by its job's two halves.
  struct runtime_job {
    sys::unique_fd printed;
    std::string pid_file, log_file;
    std::uint64_t mark = 0;
  };

  // supervisor_start.cpp
  void on(start_container what, const responder& respond);
  result<launch> prepare_start(container& c, start_container& what, runtime_job& job);
  void start_ended(const container_ptr& c, const runtime_job& job, const job_end& how, const responder& respond);
  void start_failed(const container_ptr& c, error why, const responder& respond);
  void init_runs(const container_ptr& c, std::uint64_t mark, const responder& respond);
  result<void> note_process(process& p, const runtime_job& job);
  // supervisor_native.cpp
  void start_natively(const container_ptr& c, start_container what, native::container_plan plan,
                      const responder& respond);
  /// The launch's network namespace: an idle one, or, once that is made, the process's own.
  void lend_network(container& c, native::container_plan& plan);
  void note_network(container& c, pid_t pid);
  void native_start_ended(const container_ptr& c, result<launched_process> how, const responder& respond);
  void native_start_failed(const container_ptr& c, error why, const responder& respond);
  void exec_natively(const container_ptr& c, const exec_process& what, const responder& respond);
  result<native_launch> prepare_native_exec(const container& c, process_io& io, const exec_process& what,
                                            native::process_plan asked);
  void remove_groups(const std::string& path, std::function<void(result<void>)> done);
  /// Those of a container that has ended, where they may serve another; else as remove_groups.
  void give_groups_back(container* c, const deletion& d, const std::string& path,
                        std::function<void(result<void>)> done);
  void run_own_verb(own_verb verb, const std::string& cgroup_path, std::function<void(result<void>)> done);
  // supervisor_exec.cpp
  void on(exec_process what, const responder& respond);
  result<launch> prepare_exec(const container& c, process_io& io, const exec_process& what, const std::string& prefix,
                              runtime_job& job);
  void exec_ended(const container_ptr& c, const std::string& exec_id, const runtime_job& job, const job_end& how,
                  const responder& respond);
  void exec_runs(const container_ptr& c, const std::string& exec_id, std::uint64_t mark, const responder& respond);
  void exec_failed(const container_ptr& c, const std::string& exec_id, error why, const responder& respond);
  void exec_exited(const key& name, const std::string& exec_id, exit_status status);
  // supervisor_exit.cpp
  void watch_init(const container_ptr& c, std::uint64_t mark);
  void watch_stranger(process& p, std::function<void(std::optional<int>)> ended);
  void init_exited(const key& name, std::optional<int> code);
  void init_drained(const container_ptr& c);
  void exit_recorded(const container_ptr& c);
  // supervisor_delete.cpp
  void on(delete_container what, const responder& respond);
  void go_on_deleting(const key& name);
  void kill_for_deletion(const container& c, deletion& d);
  void remove_by_runtime(const key& name, oci::removal how);
  void return_network(const key& name);
  void remove_files(const key& name);
  void deleted(const key& name, const result<void>& how);
  // supervisor_verbs.cpp
  void on(signal_process what, const responder& respond);
  void on(signal_all what, const responder& respond);
  void on(pause_container what, const responder& respond);
  void on(resume_container what, const responder& respond);
  void on(resize_terminal what, const responder& respond);
  void on(list_containers what, const responder& respond);
  void answer_listers();
  void on(adopt_container what, const responder& respond);
  void on(make_network_namespace what, const responder& respond);
  void on(drop_network_namespace what, const responder& respond);
  void on(run_process what, const responder& respond);
  void on(shut_down what, const responder& respond);
  void on(reopen_log what, const responder& respond);
  void on(make_pod_namespaces what, const responder& respond);
  void on(drop_pod_namespaces what, const responder& respond);
  void run_verb(const runtime_command& runtime, std::vector<std::string> argv, std::function<void(result<void>)> done);
  result<void> adopt(container& c, const adopt_container& what);
  // supervisor_streams.cpp
  void on(open_stream what, const responder& respond);
  void attach_waiting(const key& name, const std::string& exec_id, const std::shared_ptr<process_io>& io);
  void drop_waiting(const key& name, const std::string& exec_id);
  void drop_all_waiting(const key& name);

  [[nodiscard]] container_ptr find(const key& name) const;
  result<container_ptr> running(const key& name) const;
  result<process*> find_process(const key& name, const std::string& exec_id) const;

  surroundings with_;
  std::function<void(const process_exited&)> announce_;
  std::function<void()> end_;
  stream_server* streams_ = nullptr;
  job_queue runtimes_, host_programs_;
  native_launches natives_;
  network_namespaces networks_;
  idle_networks idle_networks_;
  idle_cgroups idle_cgroups_;
  pod_namespace_table pods_;
  std::unordered_map<key, container_ptr> containers_;
  std::unordered_map<key, deletion> deletions_;
  /// Clients that came before their process (docker run attaches first), by container and exec session.
  std::map<std::pair<key, std::string>, std::vector<std::shared_ptr<stream_session>>> waiting_;
  std::uint64_t next_exec_ = 1;

  static constexpr int max_list_tries = 100;  ///< of 50 ms
  std::vector<responder> listers_;            ///< who asked for the list while something was under way
  std::array<std::uint64_t, 3> list_after_{}; ///< the jobs of each queue before these have to end first
  int list_tries_ = 0;
  event_loop::timer list_timer_;
};

/// The environment in which an OCI runtime is run.
std::vector<std::string> runtime_environment();
/// The overlay of a container's root: one without a writable layer gets a scratch one in its bundle.
overlay_plan plan_overlay(const start_container& what);
/// Its files, moved out of it.
std::optional<sys::file_mount> plan_files(start_container& what);
/// The pod's /dev/shm, in its bundle.
std::optional<sys::borrowed_mount> plan_shm(const start_container& what);
/// Sources of its binds that are mounted before, in its bundle.
std::vector<native::mapped_mount> plan_mapped(const start_container& what);
/// A container's namespace and id become parts of paths and arguments: only what cannot mean anything else there.
result<void> check_key(const key& name);

} // namespace gantry::monitor
