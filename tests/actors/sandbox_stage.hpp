#pragma once

#include "actors/sandbox_of.hpp"
#include "actors/sandbox_supervisor.hpp"
#include "tests/actors/cast.hpp"

namespace gantry::test {

inline container_supervisor_actor::behavior_type fake_container(container_supervisor_actor::pointer self, script* play,
                                                                std::vector<sandbox_namespaces>* launched) {
  return {
      [](const create_container& request) {
        return created{request.name, {}};
      },
      [](const recover_container&) { return done{}; },
      [=](const launch_container& request) {
        launched->push_back(request.namespaces);
        return perform(self, play, "container.launch_container", done{});
      },
      [=](const join_namespaces&) { return perform(self, play, "container.join_namespaces", done{}); },
      [](const stop_container&) { return done{}; },
      [](const kill_container&) { return done{}; },
      [](const pause_container&) { return done{}; },
      [](const unpause_container&) { return done{}; },
      [](const rename_container&) { return done{}; },
      [](const update_container&) { return updated{}; },
      [](const list_processes&) { return process_listing{}; },
      [=](const remove_container&) { return perform(self, play, "container.remove_container", done{}); },
      [](const wait_container&) { return exit_report{}; },
      [](const create_exec&) { return exec_session{}; },
      [](const start_exec&) { return stream_ticket{}; },
      [](const inspect_exec&) { return exec_session{}; },
      [](const attach_container&) { return stream_ticket{}; },
      [](const follow_container_log&) { return stream_ticket{}; },
      [](const resize_container&) { return done{}; },
      [](const reopen_container_log&) { return done{}; },
      [](const borrow_rootfs&) { return borrowed_rootfs{}; },
      [](const container_process_exited&) {},
      [](const forget_document&) {},
      [](const monitor_replaced&) {},
      [](const reminder&) {},
      [](const health_reminder&) {},
  };
}

inline network_endpoint attached(const std::string& ip) {
  network_endpoint end{"bridge", ip, "", "", 16, {}};
  end.asked.network = end.asked.name = "bridge";
  end.attached = true;
  return end;
}

struct sandbox_stage : cast {
  std::vector<sandbox_namespaces> launched;
  container_supervisor_actor container = on.spawn(fake_container, &play, &launched);
  sandbox_supervisor_actor sandbox;
  create_sandbox request;

  explicit sandbox_stage(const std::string& mode, bool made = true) {
    sandbox = on.spawn(sandbox_supervisor, std::shared_ptr<const engine_parts>(parts));
    request.record.name = container_key();
    request.record.network_mode = request.options.network_mode = mode;
    if (mode == "bridge") request.record.endpoints = {detached({"bridge", "bridge", {}, {}, {}})};
    request.container = container;
    if (made) (void)on.ask<done>(sandbox, request).value();
  }
  answer<done> start() { return on.ask<done>(sandbox, start_container{"client"}); }
  void stopped() { on.say(sandbox, container_stopped{}); }
  sandbox_record record() { return on.ask<sandbox_record>(sandbox, inspect_sandbox{}).value(); }

  /// Puts a container into the catalog, running with this pid (0: not running).
  void neighbour(std::int32_t pid, const std::string& ipc_mode = "", char digit = 'd') {
    container_record r;
    r.name = r.sandbox = container_key(digit);
    r.display_name = digit == 'd' ? "other" : "third";
    r.options.ipc_mode = ipc_mode;
    r.state.now = pid != 0 ? phase::running : phase::exited;
    r.state.pid = pid;
    (void)on.ask<done>(parts->catalog,
                       restore_container{std::make_shared<const container_record>(r), container, sandbox});
  }
};

} // namespace gantry::test
