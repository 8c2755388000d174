#include "tests/api/docker/fake_engine.hpp"

#include <cerrno>
#include <map>

namespace gantry::test {
namespace {

caf::error refuse(errc code, std::string why, int os_errno = 0) {
  return to_caf(error{code, std::move(why), os_errno});
}

struct container_state_of_fake {
  std::vector<caf::typed_response_promise<exit_report>> waiting;
  std::vector<exec_session> execs;
};
using container_self = container_supervisor_actor::stateful_pointer<container_state_of_fake>;

container_supervisor_actor::behavior_type container(container_self self, std::shared_ptr<stream_ticket> ticket) {
  return {
      [](create_container& request) {
        return created{request.name, {}};
      },
      [](const recover_container&) { return done{}; },
      [](const launch_container&) { return done{}; },
      [](const join_namespaces&) { return done{}; },
      [](const stop_container&) -> caf::result<done> {
        return refuse(errc::failed_precondition, "container is not running", EALREADY);
      },
      [](const kill_container& request) -> caf::result<done> {
        if (request.signal == "SIGNONE") return refuse(errc::invalid_argument, "Invalid signal: SIGNONE");
        return done{};
      },
      [](const pause_container&) { return done{}; },
      [](const unpause_container&) { return done{}; },
      [](const rename_container&) { return done{}; },
      [](const update_container&) { return updated{{"a limit that this host lacks"}}; },
      [](const list_processes&) { return process_listing{"UID PID CMD\nroot 1 init\n"}; },
      [](const remove_container& request) -> caf::result<done> {
        if (!request.force)
          return refuse(errc::failed_precondition, "cannot remove container \"/web\": container is running");
        return done{};
      },
      [self](const wait_container&) -> caf::result<exit_report> {
        self->state.waiting.push_back(self->make_response_promise<exit_report>());
        return self->state.waiting.back();
      },
      [self](const create_exec& request) {
        exec_session session;
        session.id = "e" + std::to_string(self->state.execs.size());
        session.container = {docker_namespace, std::string(64, 'c')};
        session.options = request.options;
        self->state.execs.push_back(session);
        return session;
      },
      [ticket](const start_exec&) -> caf::result<stream_ticket> {
        if (ticket->socket.empty()) return refuse(errc::unavailable, "exec failed: executable file not found in $PATH");
        return *ticket;
      },
      [self](const inspect_exec& request) -> caf::result<exec_session> {
        for (const auto& session : self->state.execs)
          if (session.id == request.exec_id) return session;
        return refuse(errc::not_found, "No such exec instance: " + request.exec_id);
      },
      [ticket](const attach_container&) { return *ticket; },
      [ticket](const follow_container_log&) { return *ticket; },
      [](const resize_container&) { return done{}; },
      [](const reopen_container_log&) { return done{}; },
      [](const borrow_rootfs&) { return borrowed_rootfs{}; },
      [self](const container_process_exited& fact) {
        for (auto& promise : std::exchange(self->state.waiting, {})) promise.deliver(exit_report{fact.exit_code, ""});
      },
      [](const forget_document&) {},
      [](const monitor_replaced&) {},
      [](const reminder&) {},
      [](const health_reminder&) {},
  };
}

sandbox_supervisor_actor::behavior_type sandbox(sandbox_supervisor_actor::pointer) {
  return {
      [](const create_sandbox&) { return done{}; },
      [](const recover_sandbox&) { return done{}; },
      [](const start_container&) -> caf::result<done> {
        return refuse(errc::unavailable, "runc: exec: \"nope\": executable file not found in $PATH: unknown");
      },
      [](const remove_sandbox&) { return done{}; },
      [](const inspect_sandbox&) { return sandbox_record{}; },
      [](const connect_network&) { return done{}; },
      [](const disconnect_network&) { return done{}; },
      [](const container_renamed&) {},
      [](const container_stopped&) {},
      [](const restart_container_later&) {},
      [](const restart_now&) {},
  };
}

container_view view_of(const std::string& id) {
  container_record record;
  record.name = record.sandbox = {docker_namespace, id};
  record.display_name = "web";
  record.image_name = "alpine:3";
  record.args = {"sleep", "inf"};
  record.state.now = phase::running;
  record.options.image = "alpine:3";
  record.log_path = "/nonexistent/gantry-test.log";
  return std::make_shared<const container_record>(record);
}

catalog_actor::behavior_type catalog(catalog_actor::pointer, found_container only) {
  return {
      [](const claim_name& request) { return claimed{request.display_name}; },
      [](const change_name& request) { return claimed{request.display_name}; },
      [](const release_name&) {},
      [](const restore_container&) { return done{}; },
      [only](const find_container& request) -> caf::result<found_container> {
        if (request.name == "web" || only.name.id.starts_with(request.name)) return only;
        return refuse(errc::not_found, "No such container: " + request.name);
      },
      [only](const list_containers&) {
        auto table = std::make_shared<container_table>();
        table->rows = {only.view};
        table->endpoints = {{}};
        return container_table_ptr(table);
      },
      [](const container_changed&) {},
      [](const endpoint_changed&) {},
      [](const register_exec&) {},
      [](const exec_ended&) {},
      [](const forget_exec&) {},
      [](const list_execs&) { return exec_list{{"e1"}}; },
      [only](const find_exec& request) -> caf::result<found_container> {
        if (request.exec_id.starts_with("e")) return only;
        return refuse(errc::not_found, "No such exec instance: " + request.exec_id);
      },
      [](const read_metrics&) {
        metrics made;
        made.add("gantry_containers", "Containers by state.", metric::kind::gauge, {{{{"state", "running"}}, 1}});
        return made;
      },
  };
}

found_image alpine() {
  image made;
  made.id = digest::parse("sha256:" + std::string(64, '1')).value();
  made.config.created = "2024-01-01T00:00:00Z";
  image_name name{docker_namespace, reference::parse("alpine:3").value(), made.id,
                  digest::parse("sha256:" + std::string(64, '2')).value()};
  return {std::make_shared<const image>(made), {name}};
}

images_actor::behavior_type images(images_actor::pointer, events_actor to) {
  return {
      [to](const pull_image& request) -> caf::result<pulled_image> {
        if (request.name.repository == "library/missing") return refuse(errc::not_found, "manifest unknown");
        tell(to, event{request.ns,
                       event::subject::pull,
                       "downloading",
                       request.pull_id,
                       {{"layer", "sha256:" + std::string(64, 'a')}, {"current", "1"}, {"total", "2"}},
                       1});
        return pulled_image{alpine().what->id, alpine().names[0].manifest, true};
      },
      [](const abandon_pull&) {},
      [](const find_image& request) -> caf::result<found_image> {
        if (request.name.starts_with("alpine") || request.name.starts_with("sha256:")) return alpine();
        return refuse(errc::not_found, "No such image: " + request.name);
      },
      [](const use_image&) { return alpine(); },
      [](const release_image&) {},
      [](const unpack_image&) { return pulled_image{}; },
      [](const push_image&) { return pushed_image{}; },
      [](const hold_images&) { return held_images{}; },
      [](const list_images&) { return image_list{{alpine()}}; },
      [](const tag_image&) { return done{}; },
      [](const remove_image&) {
        return removed_image{{"alpine:3"}, {alpine().what->id}};
      },
      [](const image_pulled&) { return pulled_image{}; },
      [](const read_metrics&) -> caf::result<metrics> { return refuse(errc::internal, "no figures today"); },
  };
}

volumes_actor::behavior_type volumes(volumes_actor::pointer) {
  auto data = [] { return volume_info{{docker_namespace, "data", false, {}, 1}, "/v/data/_data", 0}; };
  return {
      [](const create_volume& request) {
        return volume_info{{request.ns, request.name, false, request.labels, 1}, "/v/" + request.name, 0};
      },
      [data](const find_volume& request) -> caf::result<volume_info> {
        if (request.name == "data") return data();
        return refuse(errc::not_found, "get " + request.name + ": no such volume");
      },
      [data](const list_volumes&) { return volume_list{{data()}}; },
      [](const remove_volume&) -> caf::result<done> { return refuse(errc::failed_precondition, "volume is in use"); },
      [](const acquire_mounts&) { return acquired_mounts{}; },
      [](const release_mounts&) { return done{}; },
      [](const recover_mounts&) {},
  };
}

network_actor::behavior_type networks(network_actor::pointer) {
  return {
      [](const create_network& request) {
        return network_info{request.network, 0};
      },
      [](const find_network& request) -> caf::result<network_info> {
        network_info found;
        found.network.name = {request.ns, request.name == "bridge" ? "bridge" : std::string(64, 'a')};
        found.network.display_name = request.name;
        if (request.name == "bridge" || request.name == "web" || request.name == "busy") return found;
        return refuse(errc::not_found, "network " + request.name + " not found");
      },
      [](const list_networks& request) {
        network_definition web;
        web.name = {request.ns, std::string(64, 'a')};
        web.display_name = "web";
        return network_list{{{web, 0}}};
      },
      [](const remove_network&) -> caf::result<done> {
        return refuse(errc::denied, "error while removing network: network busy id aa has active endpoints");
      },
      [](const attach_network& request) { return request.end; },
      [](const detach_network&) { return done{}; },
      [](const move_default_route& request) { return request.to.end; },
      [](const rename_endpoint&) {},
      [](const recover_endpoint&) {},
      [](const endpoints_recovered&) {},
      [](const tidy_networks&) {},
      [](const drain_network&) { return done{}; },
  };
}

struct events_state_of_fake {
  std::map<std::uint64_t, subscribe_events> subscribers;
  std::uint64_t next = 1;
};

events_actor::behavior_type events(events_actor::stateful_pointer<events_state_of_fake> self) {
  return {
      [self](const event& e) {
        for (auto& [id, to] : self->state.subscribers)
          if ((e.type == event::subject::pull) != to.only_pull.empty()) tell(to.subscriber, event_batch{{e}, 0});
      },
      [self](const subscribe_events& request) {
        auto id = self->state.next++;
        self->state.subscribers[id] = request;
        return subscription{id};
      },
      [](const next_events&) {},
      [self](const unsubscribe_events& request) { self->state.subscribers.erase(request.subscription); },
      [](const read_metrics&) { return metrics{}; },
  };
}

/// Each container has written 4096 bytes, and 8192 lie in each volume.
writable_usage_actor::behavior_type usage() {
  return {
      [](const measure_writable& request) {
        writable_uses answer;
        for (const auto& one : request.containers) answer.by_id[one->name.id] = {4096, 1, 1};
        return answer;
      },
      [](const measure_folders& request) {
        folder_uses answer;
        for (const auto& path : request.paths) answer.by_path[path] = 8192;
        return answer;
      },
  };
}

devices_actor::behavior_type devices(devices_actor::pointer) {
  return {
      [](const find_devices&) { return found_devices{}; },
      [](const list_devices&) {
        return device_list{{"/etc/cdi"}, {"v.com/c=d"}, {"/etc/cdi/x.json: broken"}};
      },
  };
}

engine_info facts() {
  engine_info made;
  made.root = "/r";
  made.default_runtime = "runc";
  made.runtimes = {{"runc", "/usr/bin/runc"}};
  made.kernel = "6.1";
  made.architecture = "x86_64";
  made.cpus = 2;
  return made;
}

engine_actor::behavior_type engine(engine_actor::pointer self, engine_actors parts, container_supervisor_actor to) {
  return {
      [self, to](create_container& request) -> caf::result<created> {
        if (request.options.image == "full") return refuse(errc::exhausted, "4096 creations wait already");
        if (request.options.image == "missing") return refuse(errc::not_found, "No such image: missing:latest");
        return self->delegate(to, std::move(request));
      },
      [](const explain_spec&) {
        return explained_spec{R"({"ociVersion":"1.0.2"})", {{"/process", "user", "asked"}}, {}};
      },
      [](const ask_engine_info&) { return facts(); },
      [](const ask_activity&) {
        return activity{1, 2};
      },
      [parts](const ask_actors&) { return parts; },
      [](const recover_engine&) { return done{}; },
      [](const stop_engine&) { return done{}; },
      [](const forget_documents&) {},
  };
}

} // namespace

fake_engine::fake_engine(const std::function<pods_actor(caf::actor_system&)>& pods)
    : ticket_(std::make_shared<stream_ticket>()) {
  config_.set("scheduler.max-threads", 2);
  system_ = std::make_unique<caf::actor_system>(config_);
  container_ = system_->spawn(container, ticket_);
  sandbox_ = system_->spawn(sandbox);
  found_container only{{docker_namespace, id_}, container_, sandbox_, view_of(id_)};
  parts_.events = system_->spawn(events);
  parts_.catalog = system_->spawn(catalog, only);
  parts_.images = system_->spawn(images, parts_.events);
  parts_.volumes = system_->spawn(volumes);
  parts_.network = system_->spawn(networks);
  parts_.writable_usage = system_->spawn(usage);
  parts_.devices = system_->spawn(devices);
  parts_.boards = boards_;
  parts_.metered = {parts_.catalog, parts_.images, parts_.events};
  if (pods) parts_.pods = pods(*system_);
  engine_ = system_->spawn(engine, parts_, container_);
}

fake_engine::~fake_engine() {
  auto end = [](const auto& actor) { caf::anon_send_exit(actor, caf::exit_reason::user_shutdown); };
  end(engine_), end(parts_.catalog), end(parts_.images), end(parts_.volumes), end(parts_.network), end(parts_.events),
      end(container_), end(sandbox_), end(parts_.writable_usage), end(parts_.devices);
  if (parts_.pods) end(parts_.pods);
}

void fake_engine::exit_container(int code) {
  container_process_exited fact;
  fact.exit_code = code;
  tell(container_, fact);
}

void fake_engine::publish(event e) { tell(parts_.events, std::move(e)); }

void fake_engine::set_stream(stream_ticket ticket) { *ticket_ = std::move(ticket); }

} // namespace gantry::test
