#pragma once

#include <csignal>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "actors/engine_parts.hpp"
#include "messages/sandbox_supervisor.hpp"
#include "tests/actors/stage.hpp"
#include "tests/store/temporary_folder.hpp"

namespace gantry::test {

/// What the fakes were asked, in order ("snapshot.prepare_snapshot"), and how they are to answer. By default all works.
struct script {
  std::vector<std::string> calls;
  std::map<std::string, error> failures;
  std::set<std::string> held; ///< calls that are answered by release() alone

  [[nodiscard]] std::size_t count(const std::string& call) const;
  [[nodiscard]] bool asked(const std::string& call) const { return count(call) > 0; }
  /// Whether `first` was asked before `second`, and both were.
  [[nodiscard]] bool in_order(const std::string& first, const std::string& second) const;
  void fail(const std::string& call) { failures[call] = {errc::unavailable, call + " failed", 0}; }

  /// Signals that end init, and those that reached it.
  std::set<int> deadly{SIGTERM, SIGKILL};
  std::vector<int> signals;
  std::map<std::string, int> exec_signals; ///< the last one of each session
  /// What a program of the host answers (launcher's run_process).
  std::function<monitor::process_result(const monitor::run_process&)> program;
  std::string device_state; ///< what the fake devices say of themselves
  std::vector<monitor::start_container> started;
  std::vector<monitor::delete_container> deleted;
  std::vector<monitor::exec_process> executed;
  std::vector<record_changes> recorded;
  std::vector<monitor::container_entry> entries;   ///< what the monitor has
  std::set<digest> layers_there;                   ///< by diffID
  std::set<digest> blobs_missing;                  ///< of layers that are there
  std::vector<std::chrono::milliseconds> restarts; ///< back-offs that the fake sandbox was told
  std::string shared_ipc = "/proc/7/fd/10";        ///< what the monitor tells of a pod's IPC namespace
  std::vector<key> held_pods;                      ///< whose namespaces the monitor has
  std::vector<pod_record> detached;                ///< what the fake of CNI was to undo

  std::map<std::string, std::vector<std::function<void()>>> waiting;
};

/// An engine's actors around the one under test: real catalog, admission and events; fakes for what touches the disk,
/// the kernel or the net. One monitor.
class cast {
public:
  cast();

  stage on;
  script play;
  temporary_folder folder;
  std::shared_ptr<engine_config> config = std::make_shared<engine_config>();
  std::shared_ptr<engine_parts> parts = std::make_shared<engine_parts>();
  std::shared_ptr<image> of = std::make_shared<image>(); ///< the one image there is, "alpine"
  std::vector<event> happened;

  /// Answers what was held.
  void release(const std::string& call);
  [[nodiscard]] std::vector<std::string> actions() const; ///< of the events so far
  container_table_ptr table();
  /// The row of the only container.
  container_record row();
  found_container find(const std::string& name);
  /// Whether a slot of this kind is free (each kind has one).
  bool has_free_slot(work_kind what);
};

sandbox_supervisor_actor::behavior_type fake_sandbox(sandbox_supervisor_actor::pointer self, script* play);
struct fake_launcher_state {
  std::map<key, container_supervisor_actor> watchers;
  std::vector<monitor_watcher_actor> monitor_watchers;
  std::int32_t next_pid = 1000;
};
launcher_actor::behavior_type fake_launcher(launcher_actor::stateful_pointer<fake_launcher_state> self, script* play);

/// Notes a call, and answers `reply`, or an error, or later, as the script says.
template<class Reply, class Self>
caf::result<Reply> perform(Self self, script* play, const std::string& call, Reply reply) {
  play->calls.push_back(call);
  if (auto failure = play->failures.find(call); failure != play->failures.end()) return to_caf(failure->second);
  if (!play->held.contains(call)) return reply;
  auto promise = self->template make_response_promise<Reply>();
  play->waiting[call].push_back([self, play, call, promise, reply]() mutable {
    self->context(nullptr); // that of the actor's last turn is gone
    if (auto failure = play->failures.find(call); failure != play->failures.end())
      promise.deliver(to_caf(failure->second));
    else
      promise.deliver(reply);
  });
  return promise;
}

inline key container_key(char digit = 'c') { return {docker_namespace, std::string(64, digit)}; }

} // namespace gantry::test
