#include "actors/container_supervisor.hpp"

#include <spdlog/spdlog.h>

namespace gantry {
namespace container {

bool alive(const container_record& record) {
  return record.state.now == phase::running || record.state.now == phase::paused;
}
bool alive(const container_supervisor_state& state) { return alive(state.record); }

const launcher_actor& launcher_of(self_pointer self) { return self->state.parts->launcher(self->state.record.monitor); }

namespace {

monitor::runtime_command command_of(const engine_config& config, const std::string& ns, const std::string& path) {
  monitor::runtime_command made{path, config.run_dir + "/oci/" + ns, {}, false};
  if (config.driver == cgroup::driver::systemd) made.flags.emplace_back(monitor::systemd_flag);
  return made;
}

} // namespace

result<monitor::runtime_command> runtime_of(const engine_config& config, const container_record& record) {
  const auto& name = record.options.runtime.empty() ? config.default_runtime : record.options.runtime;
  auto found = config.runtimes.find(name);
  if (found == config.runtimes.end())
    return fail(errc::invalid_argument, "unknown or invalid runtime name: {}; `gantry info` lists those there are",
                name);
  auto made = command_of(config, record.name.ns, found->second);
  made.native = name == monitor::native_runtime;
  return made;
}

result<monitor::runtime_command> maker_of(const engine_config& config, const container_record& record) {
  const auto& launcher = record.state.launcher;
  if (!launcher.starts_with('/')) return runtime_of(config, record);
  return command_of(config, record.name.ns, launcher);
}

std::string bundle_of(const engine_config& config, const key& name) {
  return config.run_dir + "/bundles/" + name.ns + "-" + name.id;
}

std::vector<std::string> root_layers(const engine_config& config, const container_record& record) {
  std::vector<std::string> layers;
  if (record.snapshot != 0) layers.push_back(config.paths.snapshot_upper(record.snapshot));
  for (auto it = record.layers.rbegin(); it != record.layers.rend(); ++it)
    layers.push_back(config.paths.layer_path(*it));
  return layers;
}

monitor::rootfs rootfs_of(const engine_config& config, const container_record& record) {
  monitor::rootfs root;
  root.lower.push_back(config.paths.mount_points()); // under all others: it hides nothing of the image
  for (auto folder : record.layers) root.lower.push_back(config.paths.layer_path(folder));
  if (record.snapshot != 0) {
    root.upper = config.paths.snapshot_upper(record.snapshot);
    root.work = config.paths.snapshot_work(record.snapshot);
  }
  root.volatile_upper = config.volatile_snapshots;
  if (!record.options.read_only_rootfs) root.memory = record.options.writable_memory;
  return root;
}

void show(self_pointer self) {
  self->state.parts->tell_catalog(container_changed{std::make_shared<const container_record>(self->state.record)});
}

namespace {

/// Of one that is being removed nothing is written any more.
void write(
    self_pointer self, store::change what, std::function<void()> then = [] {}) {
  auto& state = self->state;
  if (state.removing) return then();
  record_changes changes{{std::move(what)}, false};
  auto written = [id = state.record.name, then = std::move(then)](const auto& r) {
    if (!r) spdlog::error("container {}: its record could not be written: {}", to_string(id), r.error().message);
    then();
  };
  ask<done>(self, state.parts->metadata, deadline::inner, std::move(changes), std::move(written));
}

} // namespace

void publish(self_pointer self) {
  show(self);
  write(self, store::put_container_state{self->state.record.name, self->state.record.state});
}

void write_state(self_pointer self, std::function<void()> then) {
  write(self, store::put_container_state{self->state.record.name, self->state.record.state}, std::move(then));
}

void publish_whole(self_pointer self) {
  show(self);
  write(self, store::put_container{self->state.record, store::when_there::require});
}

event event_of(const container_record& record, std::string action, std::map<std::string, std::string> attributes) {
  attributes["image"] = record.image_name;
  attributes["name"] = record.display_name;
  for (const auto& [name, value] : record.options.labels) attributes.emplace(name, value);
  return {record.name.ns, event::subject::container, std::move(action), record.name.id, std::move(attributes), now()};
}

void emit(self_pointer self, std::string action, std::map<std::string, std::string> attributes) {
  tell(self->state.parts->events, event_of(self->state.record, std::move(action), std::move(attributes)));
}

void clean_up(self_pointer self) {
  auto& state = self->state;
  auto runtime = maker_of(*state.parts->config, state.record);
  monitor::delete_container request{state.record.name, runtime ? *runtime : monitor::runtime_command{},
                                    bundle_of(*state.parts->config, state.record.name), !state.touched};
  state.clean = false;
  ask<done>(self, launcher_of(self), deadline::inner, std::move(request), [self](const auto& r) {
    auto& s = self->state;
    if (!r) spdlog::error("container {}: clean-up after its end: {}", to_string(s.record.name), r.error().message);
    s.clean = true;
    auto next = std::exchange(s.when_clean, {});
    for (auto& action : next) action();
  });
}

void answer_waiting(self_pointer self, bool removed) {
  auto& state = self->state;
  exit_report report{state.record.state.exit_code, state.record.state.error};
  std::erase_if(state.waiting, [&](auto& w) {
    if (w.until == wait_container::condition::removed && !removed) return false;
    w.promise.deliver(report);
    return true;
  });
}

} // namespace container

container_supervisor_actor::behavior_type container_supervisor(container::self_pointer self,
                                                               std::shared_ptr<const engine_parts> parts,
                                                               sandbox_supervisor_actor sandbox) {
  self->state.parts = std::move(parts);
  self->state.sandbox = std::move(sandbox);
  self->set_down_handler([self](const caf::down_msg& down) {
    std::erase_if(self->state.waiting, [&](const auto& one) { return one.asker == down.source; });
    container::take_back(self, down.source);
  });
  return {
      [self](create_container& request) { return container::create(self, std::move(request)); },
      [self](const recover_container& found) { return container::recover(self, found); },
      [self](const launch_container& request) { return container::launch(self, request); },
      [self](const join_namespaces&) { return container::share_namespaces(self); },
      [self](const stop_container& request) { return container::stop(self, request); },
      [self](const kill_container& request) { return container::kill(self, request); },
      [self](const pause_container&) { return container::pause(self); },
      [self](const unpause_container&) { return container::unpause(self); },
      [self](const rename_container& request) { return container::rename(self, request); },
      [self](const update_container& request) { return container::update(self, request); },
      [self](const list_processes& request) { return container::list_host_processes(self, request); },
      [self](const remove_container& request) { return container::remove(self, request); },
      [self](const wait_container& request) { return container::wait(self, request); },
      [self](const create_exec& request) { return container::exec_create(self, request); },
      [self](const start_exec& request) { return container::exec_start(self, request); },
      [self](const inspect_exec& request) { return container::exec_inspect(self, request); },
      [self](const attach_container& request) {
        monitor::open_stream stream{
            self->state.record.name, "", monitor::open_stream::kind::attach, request.want_stdin, request.want_stdout,
            request.want_stderr};
        return container::open_stream(self, std::move(stream), self->state.record.options.tty);
      },
      [self](const follow_container_log&) -> caf::result<stream_ticket> {
        const auto& record = self->state.record;
        // For one that does not run the monitor would wait for its next life; the log has all there is.
        if (!container::alive(self->state))
          return to_caf(error{errc::failed_precondition, "container " + record.name.id + " is not running", 0});
        monitor::open_stream stream;
        stream.container = record.name;
        stream.what = monitor::open_stream::kind::follow_log;
        return container::open_stream(self, std::move(stream), record.options.tty);
      },
      [self](const resize_container& request) { return container::resize(self, request); },
      [self](const reopen_container_log&) { return container::reopen_log(self); },
      [self](const borrow_rootfs& request) { return container::borrow(self, request); },
      [self](const container_process_exited& fact) { container::handle_exit(self, fact); },
      [self](const forget_document&) { self->state.document.reset(); },
      [self](const monitor_replaced&) { container::adopt_by_new_monitor(self); },
      [self](const reminder& what) { container::handle_reminder(self, what); },
      [self](const health_reminder& what) { container::handle_health_reminder(self, what); },
  };
}

} // namespace gantry
