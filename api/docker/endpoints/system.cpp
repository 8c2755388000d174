#include <algorithm>

#include "api/docker/endpoints/endpoints.hpp"
#include "api/docker/endpoints/find.hpp"
#include "api/docker/parse/registry_auth.hpp"
#include "api/docker/render/image.hpp"
#include "api/docker/render/words.hpp"
#include "api/docker/status.hpp"
#include "api/docker/version.hpp"
#include "runtime/sys/files.hpp"

namespace gantry::docker::endpoints {
namespace {

struct counts {
  std::size_t running = 0, paused = 0, stopped = 0;
};

counts count(const container_table& table) {
  counts made;
  for (const auto& row : table.rows) {
    if (row->state.now == phase::running || row->state.now == phase::restarting)
      ++made.running;
    else if (row->state.now == phase::paused)
      ++made.paused;
    else
      ++made.stopped;
  }
  return made;
}

void add_counts(json& made, const container_table& table, std::size_t images) {
  std::map<std::string, std::size_t> launchers; // our own key: what made the processes that run
  for (const auto& row : table.rows)
    if (row->state.pid != 0 && !row->state.launcher.empty()) ++launchers[row->state.launcher];
  made["Launchers"] = launchers;
  auto states = count(table);
  made["Containers"] = table.rows.size();
  made["ContainersRunning"] = states.running;
  made["ContainersPaused"] = states.paused;
  made["ContainersStopped"] = states.stopped;
  made["Images"] = images;
}

void add_features(json& made, const engine_info& facts) {
  const auto& can = facts.limits;
  made["MemoryLimit"] = can.memory;
  made["SwapLimit"] = can.swap;
  made["CpuCfsPeriod"] = made["CpuCfsQuota"] = can.cpu_quota;
  made["CPUShares"] = can.cpu_shares;
  made["CPUSet"] = can.cpuset;
  made["PidsLimit"] = can.pids;
  made["OomKillDisable"] = can.oom_kill_disable;
  made["IPv4Forwarding"] = sys::read_file("/proc/sys/net/ipv4/ip_forward").value_or("0").starts_with('1');
  made["Debug"] = false;
  made["LoggingDriver"] = "json-file";
  made["CgroupDriver"] = facts.cgroup_driver;
  made["CgroupVersion"] = facts.cgroup_version;
  made["Plugins"] = {{"Volume", {"local"}},
                     {"Network", {"bridge", "host", "none"}},
                     {"Authorization", nullptr},
                     {"Log", {"json-file", "local", "none"}}};
  json runtimes = json::object();
  for (const auto& [name, path] : facts.runtimes) runtimes[name] = {{"path", path}};
  made["Runtimes"] = runtimes;
  made["DefaultRuntime"] = facts.default_runtime;
  made["InitBinary"] = facts.init_program;
  made["Swarm"] = {
      {"NodeID", ""}, {"NodeAddr", ""},           {"LocalNodeState", "inactive"}, {"ControlAvailable", false},
      {"Error", ""},  {"RemoteManagers", nullptr}};
  made["SecurityOptions"] = facts.security_options;
}

/// What dockerd has of it since 28.2: our folders and the devices in them, and what is wrong with their files.
void add_devices(json& made, const device_list& devices) {
  made["CDISpecDirs"] = devices.folders;
  for (const auto& name : devices.names) made["DiscoveredDevices"].push_back({{"Source", "cdi"}, {"ID", name}});
  for (const auto& one : devices.warnings) made["Warnings"].push_back("CDI: " + one);
}

void add_host(json& made, const engine_info& facts) {
  made["KernelVersion"] = facts.kernel;
  made["OperatingSystem"] = facts.operating_system;
  made["OSType"] = "linux";
  made["Architecture"] = facts.architecture;
  made["NCPU"] = facts.cpus;
  made["MemTotal"] = facts.memory;
  made["IndexServerAddress"] = "https://index.docker.io/v1/";
  made["RegistryConfig"] = nullptr;
  made["GenericResources"] = nullptr;
  made["DockerRootDir"] = facts.root;
  made["HttpProxy"] = made["HttpsProxy"] = made["NoProxy"] = "";
  made["Name"] = facts.host_name;
  made["Labels"] = json::array();
  made["ExperimentalBuild"] = false;
  made["LiveRestoreEnabled"] = true; // containers outlive the engine: their monitors hold them
  made["ServerVersion"] = GANTRY_VERSION;
  made["Warnings"] = or_null(facts.warnings);
}

} // namespace

awaitable<result<response>> ping(context&, const request&, exchange&) {
  response made;
  made.content_type = "text/plain; charset=utf-8";
  made.body = "OK";
  made.headers = {
      {"Cache-Control", "no-cache, no-store, must-revalidate"}, {"Pragma", "no-cache"}, {"Swarm", "inactive"}};
  co_return made;
}

awaitable<result<response>> version(context& door, const request&, exchange&) {
  const auto& facts = door.facts;
  auto minimum = fmt::format("1.{}", api_minor_min);
  json details{{"ApiVersion", api_version},
               {"Arch", facts.architecture},
               {"KernelVersion", facts.kernel},
               {"MinAPIVersion", minimum},
               {"Os", "linux"}};
  json made;
  made["Platform"] = {{"Name", "Gantry"}};
  made["Components"] = {{{"Name", "Engine"}, {"Version", GANTRY_VERSION}, {"Details", details}}};
  made["Version"] = GANTRY_VERSION;
  made["ApiVersion"] = api_version;
  made["MinAPIVersion"] = minimum;
  made["GitCommit"] = made["GoVersion"] = "";
  made["Os"] = "linux";
  made["Arch"] = facts.architecture;
  made["KernelVersion"] = facts.kernel;
  made["BuildTime"] = "";
  co_return json_response(dump(made));
}

awaitable<result<response>> info(context& door, const request&, exchange&) {
  GANTRY_CO_LET(auto table, co_await table_of(door));
  list_images all{docker_namespace};
  GANTRY_CO_LET(auto images,
                co_await ask<gantry::image_list>(door, door.actors.images, std::move(all), deadline::inner));
  GANTRY_CO_LET(auto devices, co_await ask<device_list>(door, door.actors.devices, list_devices{}, deadline::inner));
  json made;
  made["ID"] = door.facts.id;
  add_counts(made, *table, images.images.size());
  made["Driver"] = "overlayfs";
  made["DriverStatus"] = json::array({json::array({"Backing Filesystem", door.facts.backing_filesystem})});
  made["SystemTime"] = time_text(now());
  add_features(made, door.facts);
  add_host(made, door.facts);
  add_devices(made, devices);
  co_return json_response(dump(made));
}

awaitable<result<response>> auth(context&, const request& what, exchange&) {
  GANTRY_CO_TRY(parse_auth_body(what.body));
  co_return message_response(501,
                             "Gantry does not check credentials by itself: a pull uses those of ~/.docker/config.json "
                             "or of its X-Registry-Auth header, and says when the registry refuses them");
}

} // namespace gantry::docker::endpoints
