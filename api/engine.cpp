#include "api/engine.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <future>
#include <thread>

#include <spdlog/spdlog.h>

#include "actors/random_id.hpp"
#include "api/engine_crew.hpp"
#include "runtime/sys/niceness.hpp"

namespace gantry {
namespace {

constexpr std::chrono::seconds end_deadline{10};

/// Each message wakes an actor for a few microseconds. If its thread interrupted whoever runs, a start of a container
/// would be interrupted forty times: a tenth fewer of them a second.
struct calm_threads : caf::thread_hook {
  void init(caf::actor_system&) override {}
  void thread_started() override { sys::interrupt_nobody(); }
  void thread_terminates() override {}
};

caf::actor_system_config& set_up(caf::actor_system_config& config, std::size_t threads) {
  // Measured: "sharing" is as fast here as "stealing", which polls while it has nothing to do.
  config.set("scheduler.policy", caf::atom("sharing"));
  // CAF's own default is four at least: on fewer cores they only take turns, at two switches a message.
  config.set("scheduler.max-threads", threads != 0 ? threads : std::max(1U, std::thread::hardware_concurrency()));
  config.set("scheduler.max-throughput", std::size_t{64}); // a busy actor lets others have a turn
  config.add_thread_hook<calm_threads>();
  config.set("logger.console-verbosity", caf::atom("quiet"));
  config.set("logger.file-verbosity", caf::atom("quiet"));
  return config;
}

/// Each thread that has used an actor system keeps a reference to its logger, and the system's end waits until nobody
/// has one (CAF 0.17, ~actor_system). The threads of who embeds an engine must not keep it from ending.
struct leaves_system {
  leaves_system() = default;
  leaves_system(const leaves_system&) = delete;
  leaves_system& operator=(const leaves_system&) = delete;
  ~leaves_system() { caf::logger::set_current_actor_system(nullptr); }
};

/// Asks an actor from outside and waits.
template<class Reply, class Handle, class Request>
result<Reply> ask_and_wait(caf::actor_system& system, const Handle& to, std::chrono::seconds deadline,
                           Request request) {
  leaves_system at_the_end;
  caf::scoped_actor self{system};
  result<Reply> answer = fail(errc::internal, "no answer");
  request_within(self, to, deadline, std::move(request))
      .receive([&](Reply& reply) { answer = std::move(reply); },
               [&](caf::error& e) { answer = tl::unexpected<error>(from_caf(e)); });
  return answer;
}

/// Runtimes make the parents of a container's cgroup and leave them. Only those without children go: another engine may
/// have containers there.
void remove_parent_cgroups(const engine_config& config) {
  if (config.driver == cgroup::driver::systemd) return; // a slice is for the administrator to end
  for (const auto& parent : config.facts.cgroups.folders_of(config.cgroup_parent)) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(parent, ignored))
      if (entry.is_directory(ignored)) ::rmdir(entry.path().c_str());
    ::rmdir(parent.c_str());
  }
}

} // namespace

struct engine::inner {
  std::shared_ptr<const engine_config> config;
  opened_store store; ///< holds the root's lock until all actors are gone
  caf::actor_system_config caf_config;
  std::unique_ptr<caf::actor_system> system;
  engine_actor handle;
  engine_actors actors;
  bool stopped = false, ended = true;
};

engine::engine(std::unique_ptr<inner> made) : inner_(std::move(made)) {}
engine::~engine() { stop(); }

caf::actor_system& engine::system() { return *inner_->system; }
engine_actor engine::handle() { return inner_->handle; }

result<std::unique_ptr<engine>> engine::start(engine_options options) {
  if (::geteuid() != 0) return fail(errc::denied, "an engine needs root: containers are made by the kernel's leave");
  leaves_system at_the_end;
  auto made = std::make_unique<inner>();
  GANTRY_LET(made->store, open_store(options.root));
  GANTRY_LET(auto config, complete(options));
  made->config = config;
  made->system = std::make_unique<caf::actor_system>(set_up(made->caf_config, options.threads));
  auto& system = *made->system;
  GANTRY_LET(auto spawned, spawn_engine(system, options, config, made->store));
  made->handle = spawned.engine;
  auto whole = std::unique_ptr<engine>(new engine(std::move(made))); // from here on, its end is in order
  auto& in = *whole->inner_;
  for (const auto& launcher : spawned.launchers)
    GANTRY_TRY(ask_and_wait<done>(system, launcher, deadline::launch, connect_launcher{}));
  GANTRY_LET(in.actors, ask_and_wait<engine_actors>(system, in.handle, deadline::inner, ask_actors{}));
  recover_engine found{std::exchange(in.store.records.containers, {}), std::exchange(in.store.records.sandboxes, {}),
                       std::exchange(in.store.records.pods, {})};
  in.store.records = {};
  if (auto recovered = ask_and_wait<done>(system, in.handle, deadline::launch, std::move(found)); !recovered)
    spdlog::error("recovery goes on in the background: {}", recovered.error().message);
  return whole;
}

bool engine::stop() {
  auto& in = *inner_;
  if (in.stopped || !in.system) return in.ended;
  in.stopped = true;
  if (auto stopped = ask_and_wait<done>(*in.system, in.handle, end_deadline, stop_engine{}); !stopped)
    spdlog::error("the engine's end: {}", stopped.error().message);
  in.handle = nullptr;
  in.actors = {};
  // The destructor of the system waits for every actor; a thread that hangs in the kernel must not hang the program.
  auto ended = std::make_shared<std::promise<void>>();
  auto waited = ended->get_future();
  std::thread([system = std::move(in.system), configured_by = inner_, ended]() mutable {
    system.reset();
    configured_by.reset();
    ended->set_value();
  }).detach();
  remove_parent_cgroups(*in.config);
  in.ended = waited.wait_for(end_deadline) == std::future_status::ready;
  if (!in.ended) spdlog::critical("an actor did not end within {} s; its thread is left behind", end_deadline.count());
  return in.ended;
}

// -- what embedders ask -----------------------------------------------------------------------------------------------

namespace {

result<found_container> find(caf::actor_system& system, const catalog_actor& catalog, const key& name) {
  return ask_and_wait<found_container>(system, catalog, deadline::inner, find_container{name.ns, name.id});
}

} // namespace

result<pulled_image> engine::pull(const std::string& ns, const std::string& image, const registry_login& login) {
  GANTRY_LET(auto name, reference::parse(image));
  pull_image request{ns, std::move(name), platform::host(), login, random_id(), ns};
  return ask_and_wait<pulled_image>(system(), inner_->actors.images, deadline::without_end, std::move(request));
}

result<created> engine::create(const std::string& ns, const std::string& display_name,
                               const container_options& options) {
  create_container request{{ns, ""}, display_name, options, ns};
  return ask_and_wait<created>(system(), inner_->handle, deadline::whole, std::move(request));
}

result<done> engine::start(const key& container) {
  GANTRY_LET(auto found, find(system(), inner_->actors.catalog, container));
  return ask_and_wait<done>(system(), found.sandbox, deadline::whole, start_container{container.ns});
}

result<done> engine::stop(const key& container, std::chrono::seconds grace) {
  GANTRY_LET(auto found, find(system(), inner_->actors.catalog, container));
  return ask_and_wait<done>(system(), found.container, grace + deadline::whole,
                            stop_container{static_cast<int>(grace.count()), ""});
}

result<done> engine::kill(const key& container, const std::string& signal) {
  GANTRY_LET(auto found, find(system(), inner_->actors.catalog, container));
  return ask_and_wait<done>(system(), found.container, deadline::whole, kill_container{signal});
}

result<exit_report> engine::wait(const key& container) {
  GANTRY_LET(auto found, find(system(), inner_->actors.catalog, container));
  return ask_and_wait<exit_report>(system(), found.container, deadline::without_end, wait_container{});
}

result<done> engine::remove(const key& container, bool force) {
  GANTRY_LET(auto found, find(system(), inner_->actors.catalog, container));
  return ask_and_wait<done>(system(), found.container, deadline::whole, remove_container{force, true});
}

result<container_table_ptr> engine::list(const std::string& ns) {
  return ask_and_wait<container_table_ptr>(system(), inner_->actors.catalog, deadline::inner, list_containers{ns});
}

result<subscription> engine::subscribe(const std::string& ns, std::function<void(const event_batch&)> on) {
  auto events = inner_->actors.events;
  auto listen = [on, events](event_subscriber_actor::pointer) -> event_subscriber_actor::behavior_type {
    return {[on, events](const event_batch& batch) {
      on(batch);
      tell(events, next_events{batch.subscription});
    }};
  };
  return ask_and_wait<subscription>(system(), events, deadline::inner,
                                    subscribe_events{ns, "", system().spawn(listen), 0});
}

void engine::unsubscribe(subscription what) { tell(inner_->actors.events, unsubscribe_events{what.id}); }

} // namespace gantry
