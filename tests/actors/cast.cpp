#include "tests/actors/cast.hpp"

#include <algorithm>

#include "actors/admission.hpp"
#include "actors/catalog.hpp"
#include "actors/events.hpp"
#include "store/hash.hpp"

namespace gantry::test {

std::size_t script::count(const std::string& call) const {
  return static_cast<std::size_t>(std::count(calls.begin(), calls.end(), call));
}

bool script::in_order(const std::string& first, const std::string& second) const {
  auto at = std::find(calls.begin(), calls.end(), first);
  return at != calls.end() && std::find(at, calls.end(), second) != calls.end();
}

namespace {

images_actor::behavior_type fake_images(images_actor::pointer self, script* play, image_view of) {
  return {
      [=](const pull_image&) { return perform(self, play, "images.pull_image", pulled_image{}); },
      [](const abandon_pull&) {},
      [=](const find_image&) {
        return perform(self, play, "images.find_image", found_image{of, {}});
      },
      [=](const use_image& request) {
        return perform(self, play, request.name == "mounted" ? "images.use_image mounted" : "images.use_image",
                       found_image{of, {}});
      },
      [=](const release_image&) { play->calls.emplace_back("images.release_image"); },
      [=](const unpack_image&) {
        return perform(self, play, "images.unpack_image", pulled_image{of->id, {}});
      },
      [=](const push_image&) { return perform(self, play, "images.push_image", pushed_image{}); },
      [=](const hold_images&) {
        return perform(self, play, "images.hold_images", held_images{{found_image{of, {}}}});
      },
      [](const list_images&) { return image_list{}; },
      [](const tag_image&) { return done{}; },
      [](const remove_image&) { return removed_image{}; },
      [=](const image_pulled& fact) {
        return perform(self, play, "images.image_pulled",
                       pulled_image{fact.what->id, fact.names.front().manifest, true});
      },
      [](const read_metrics&) { return metrics{}; },
  };
}

snapshot_actor::behavior_type fake_snapshot(snapshot_actor::pointer self, script* play) {
  return {
      [=](const claim_layer& request) {
        bool there = play->layers_there.contains(request.diff_id);
        auto folder = 10 + play->count("snapshot.claim_layer");
        return perform(
            self, play, "snapshot.claim_layer",
            layer_claim{{request.diff_id, false, folder, 7}, there, !play->blobs_missing.contains(request.blob)});
      },
      [=](const commit_layer&) { return perform(self, play, "snapshot.commit_layer", done{}); },
      [=](const keep_documents&) { return perform(self, play, "snapshot.keep_documents", done{}); },
      [=](const hold_blobs&) { return perform(self, play, "snapshot.hold_blobs", done{}); },
      [=](const release_lease&) { play->calls.emplace_back("snapshot.release_lease"); },
      [=](const prepare_snapshot&) { return perform(self, play, "snapshot.prepare_snapshot", prepared_snapshot{5}); },
      [=](const remove_snapshot&) { return perform(self, play, "snapshot.remove_snapshot", done{}); },
      [=](const sweep_content&) { return perform(self, play, "snapshot.sweep_content", swept_content{}); },
      [=](const remove_container_folder&) { return perform(self, play, "snapshot.remove_container_folder", done{}); },
  };
}

volumes_actor::behavior_type fake_volumes(volumes_actor::pointer self, script* play) {
  return {
      [](const create_volume&) { return volume_info{}; },
      [](const find_volume&) { return volume_info{}; },
      [](const list_volumes&) { return volume_list{}; },
      [](const remove_volume&) { return done{}; },
      [=](const acquire_mounts& request) {
        acquired_mounts got;
        for (const auto& [name, view] : request.images) play->calls.push_back("volumes has the image " + name);
        for (const auto& mount : request.mounts)
          got.mounts.push_back({"volume", "v", "/v/_data", mount.target, false, "", mount.source.empty(), false, {}});
        return perform(self, play, "volumes.acquire_mounts", got);
      },
      [=](const release_mounts& request) {
        return perform(self, play, request.anonymous ? "volumes.release_mounts anonymous" : "volumes.release_mounts",
                       done{});
      },
      [](const recover_mounts&) {},
  };
}

metadata_actor::behavior_type fake_metadata(metadata_actor::pointer self, script* play) {
  return {
      [=](const record_changes& request) {
        play->recorded.push_back(request);
        std::string what = "metadata.other";
        const auto& first = request.changes.front();
        if (const auto* put = std::get_if<store::put_container>(&first))
          what = put->mode == store::when_there::refuse ? "metadata.new_container" : "metadata.put_container";
        if (std::holds_alternative<store::put_container_state>(first)) what = "metadata.put_container_state";
        if (std::holds_alternative<store::erase_container>(first)) what = "metadata.erase_container";
        if (std::holds_alternative<store::put_sandbox>(first)) what = "metadata.put_sandbox";
        if (const auto* put = std::get_if<store::put_pod>(&first))
          what = put->mode == store::when_there::refuse ? "metadata.new_pod" : "metadata.put_pod";
        if (std::holds_alternative<store::erase_pod>(first)) what = "metadata.erase_pod";
        if (std::holds_alternative<store::put_image>(first)) what = "metadata.put_image";
        return perform(self, play, what, done{});
      },
      [](const load_records&) -> all_records { return std::make_shared<const store::everything>(); },
      [](const commit_now&) {},
  };
}

network_actor::behavior_type fake_network(network_actor::pointer self, script* play) {
  return {
      [=](const attach_network& request) {
        auto end = request.end;
        end.ip = "172.29.0.2", end.gateway = "172.29.0.1", end.mac = "02:42:ac:1d:00:02", end.prefix_length = 16;
        if (end.default_route) end.ports = request.ports;
        return perform(self, play, "network.attach_network", end);
      },
      [=](const move_default_route& request) {
        return perform(self, play, "network.move_default_route", request.to.end);
      },
      [](const create_network& request) {
        return network_info{request.network, 0};
      },
      [](const find_network&) { return network_info{}; },
      [](const list_networks&) { return network_list{}; },
      [](const remove_network&) { return done{}; },
      [=](const rename_endpoint&) { play->calls.emplace_back("network.rename_endpoint"); },
      [=](const endpoints_recovered&) { play->calls.emplace_back("network.endpoints_recovered"); },
      [=](const detach_network&) { return perform(self, play, "network.detach_network", done{}); },
      [=](const recover_endpoint&) { play->calls.emplace_back("network.recover_endpoint"); },
      [](const tidy_networks&) {},
      [=](const drain_network&) { return perform(self, play, "network.drain_network", done{}); },
  };
}

pod_network_actor::behavior_type fake_pod_network(pod_network_actor::pointer self, script* play) {
  return {
      [=](const attach_pod&) {
        return perform(self, play, "pod_network.attach_pod", pod_attachment{{"10.1.0.2", "fd00::2"}, "{n}", "{r}"});
      },
      [=](const detach_pod& request) {
        play->detached.push_back(*request.pod);
        return perform(self, play, "pod_network.detach_pod", done{});
      },
      [](const ask_pod_network&) {
        return pod_network_state{true, "", "", "/etc/cni/net.d/a.conflist"};
      },
      [=](const drain_network&) { return perform(self, play, "pod_network.drain_network", done{}); },
  };
}

cgroups_actor::behavior_type fake_cgroups(cgroups_actor::pointer self, script* play) {
  return {
      [=](const make_cgroup& request) { return perform(self, play, "cgroups.make " + request.path, done{}); },
      [=](const update_cgroup& request) {
        return perform(self, play, "cgroups.update " + request.path + " " + request.resources_json, done{});
      },
      [=](const remove_cgroup& request) { return perform(self, play, "cgroups.remove " + request.path, done{}); },
  };
}

devices_actor::behavior_type fake_devices(devices_actor::pointer self, script* play) {
  return {
      [=](const find_devices& request) {
        found_devices found;
        for (const auto& name : request.names) found.edits.env.push_back("DEVICE=" + name + play->device_state);
        return perform(self, play, "devices.find_devices", found);
      },
      [](const list_devices&) { return device_list{}; },
  };
}

event_subscriber_actor::behavior_type listener(event_subscriber_actor::pointer, events_actor to,
                                               std::vector<event>* happened) {
  return {[=](const event_batch& batch) {
    happened->insert(happened->end(), batch.events.begin(), batch.events.end());
    tell(to, next_events{batch.subscription});
  }};
}

void fill(image& made) {
  made.config_json =
      R"({"architecture":"amd64","os":"linux","config":{"Cmd":["/bin/sleep","inf"],"Env":["PATH=/bin"]},)"
      R"("rootfs":{"type":"layers","diff_ids":[]}})";
  made.id = store::digest_of(made.config_json);
  made.config = parse_image_config(made.config_json).value();
  made.layer_folders = {1};
}

monitor::pod_namespaces namespaces_of(const monitor::make_pod_namespaces& request, const script& play) {
  monitor::pod_namespaces made;
  if (request.network) made.network = "/proc/7/fd/9";
  if (request.ipc) made.ipc = play.shared_ipc;
  if (request.uts) made.uts = "/proc/7/fd/11";
  if (request.pid) made.pid = "/proc/7/fd/12";
  if (!request.uids.empty()) made.user = "/proc/7/fd/14";
  if (request.shm_bytes > 0) made.shm = "/proc/7/fd/13";
  return made;
}

admission_limits one_of_each() { return {{1, 8}, {1, 8}, {1, 8}, {2, 8}}; }

} // namespace

sandbox_supervisor_actor::behavior_type fake_sandbox(sandbox_supervisor_actor::pointer self, script* play) {
  return {
      [](const create_sandbox&) { return done{}; },
      [](const recover_sandbox&) { return done{}; },
      [](const start_container&) { return done{}; },
      [=](const remove_sandbox&) {
        self->quit();
        return perform(self, play, "sandbox.remove_sandbox", done{});
      },
      [](const inspect_sandbox&) { return sandbox_record{}; },
      [](const connect_network&) { return done{}; },
      [](const disconnect_network&) { return done{}; },
      [](const container_renamed&) {},
      [=](const container_stopped&) { play->calls.emplace_back("sandbox.container_stopped"); },
      [=](const restart_container_later& request) {
        play->calls.emplace_back("sandbox.restart_container_later");
        play->restarts.push_back(request.delay);
      },
      [](const restart_now&) {},
  };
}

launcher_actor::behavior_type fake_launcher(launcher_actor::stateful_pointer<fake_launcher_state> self, script* play) {
  auto end = [=](const key& whom, int signal) {
    play->signals.push_back(signal);
    auto watcher = self->state.watchers.find(whom);
    if (!play->deadly.contains(signal) || watcher == self->state.watchers.end()) return;
    tell(watcher->second, container_process_exited{"", 128 + signal, false, false, 99});
  };
  return {
      [=](const watch_container& fact) { self->state.watchers[fact.container] = fact.supervisor; },
      [=](const unwatch_container& fact) { self->state.watchers.erase(fact.container); },
      [=](const watch_monitor& request) { self->state.monitor_watchers.push_back(request.watcher); },
      [](const connect_launcher&) { return done{}; },
      [=](const monitor::start_container& request) {
        play->started.push_back(request);
        return perform(self, play, "launcher.start_container",
                       monitor::started{self->state.next_pid++, 1, "native", {}});
      },
      [=](const monitor::exec_process& request) {
        play->executed.push_back(request);
        return perform(self, play, "launcher.exec_process", monitor::started{self->state.next_pid++, 1, "native", {}});
      },
      [=](const monitor::signal_process& request) {
        if (request.exec_id.empty())
          end(request.container, request.signal);
        else
          play->exec_signals[request.exec_id] = request.signal;
        return perform(self, play, "launcher.signal_process", done{});
      },
      [=](const monitor::signal_all&) { return perform(self, play, "launcher.signal_all", done{}); },
      [=](const monitor::pause_container&) { return perform(self, play, "launcher.pause_container", done{}); },
      [=](const monitor::resume_container&) { return perform(self, play, "launcher.resume_container", done{}); },
      [=](const monitor::delete_container& request) {
        play->deleted.push_back(request);
        return perform(self, play, "launcher.delete_container", done{});
      },
      [=](const monitor::open_stream&) {
        return perform(self, play, "launcher.open_stream", monitor::stream_token{"token", "/socket"});
      },
      [=](const monitor::resize_terminal&) { return perform(self, play, "launcher.resize_terminal", done{}); },
      [=](const monitor::make_network_namespace&) {
        return perform(self, play, "launcher.make_network_namespace", monitor::namespace_path{"/proc/7/fd/9"});
      },
      [=](const monitor::drop_network_namespace&) {
        return perform(self, play, "launcher.drop_network_namespace", done{});
      },
      [=](const monitor::run_process& request) {
        auto reply = play->program ? play->program(request) : monitor::process_result{};
        return perform(self, play, "launcher.run_process", reply);
      },
      [=](const monitor::list_containers&) {
        return perform(self, play, "launcher.list_containers", monitor::container_list{play->entries, play->held_pods});
      },
      [=](const monitor::adopt_container&) { return perform(self, play, "launcher.adopt_container", done{}); },
      [](const monitor::shut_down&) { return done{}; },
      [=](const monitor::reopen_log&) { return perform(self, play, "launcher.reopen_log", done{}); },
      [=](const monitor::make_pod_namespaces& request) {
        return perform(self, play, "launcher.make_pod_namespaces", namespaces_of(request, *play));
      },
      [=](const monitor::drop_pod_namespaces&) { return perform(self, play, "launcher.drop_pod_namespaces", done{}); },
      [](const monitor::process_exited&) {},
      [](const monitor_answered&) {},
      [](const look_for_overdue&) {},
      [=](const monitor_lost&) {
        for (const auto& watcher : self->state.monitor_watchers) tell(watcher, monitor_died{0});
      },
      [](const read_metrics&) { return metrics{}; },
  };
}

cast::cast() {
  fill(*of);
  config->root = folder.path();
  config->run_dir = "/run/gantry-test";
  config->runtimes = {{"runc", "/usr/sbin/runc"}};
  config->default_runtime = "runc";
  config->facts.architecture = "amd64";
  config->facts.capabilities = ~std::uint64_t{0};
  config->paths = store::layout(folder.path());
  config->host_name = "host";
  must(sys::make_directories(config->paths.layer_path(1), 0755));
  must(sys::make_directories(config->paths.snapshot_upper(5), 0755));
  parts->config = config;
  parts->catalog = on.spawn(catalog, parts->boards);
  parts->admission = on.spawn(admission, one_of_each());
  parts->events = on.spawn(events);
  parts->images = on.spawn(fake_images, &play, of);
  parts->snapshot = on.spawn(fake_snapshot, &play);
  parts->volumes = on.spawn(fake_volumes, &play);
  parts->metadata = on.spawn(fake_metadata, &play);
  parts->network = on.spawn(fake_network, &play);
  parts->pod_network = on.spawn(fake_pod_network, &play);
  parts->cgroups = on.spawn(fake_cgroups, &play);
  parts->devices = on.spawn(fake_devices, &play);
  parts->launchers = {on.spawn(fake_launcher, &play)};
  (void)on.ask<subscription>(parts->events, subscribe_events{"", "", on.spawn(listener, parts->events, &happened), 0});
}

void cast::release(const std::string& call) {
  play.held.erase(call);
  for (auto& deliver : std::exchange(play.waiting[call], {})) deliver();
  on.run();
}

std::vector<std::string> cast::actions() const {
  std::vector<std::string> names;
  for (const auto& e : happened) names.push_back(e.action);
  return names;
}

container_table_ptr cast::table() {
  return on.ask<container_table_ptr>(parts->catalog, list_containers{docker_namespace}).value();
}

container_record cast::row() {
  auto rows = table();
  REQUIRE(rows->rows.size() == 1);
  return *rows->rows.front();
}

found_container cast::find(const std::string& name) {
  return on.ask<found_container>(parts->catalog, find_container{docker_namespace, name}).value();
}

bool cast::has_free_slot(work_kind what) {
  auto holder = on.spawn([](caf::event_based_actor*) -> caf::behavior { return {[](int) {}}; });
  bool free = on.ask<slot>(parts->admission, acquire_slot{what, "test", holder.address()}).here();
  on.crash(holder);
  return free;
}

} // namespace gantry::test
