#include "api/engine_defaults.hpp"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <thread>

#include "actors/cgroup_paths.hpp"
#include "actors/random_id.hpp"
#include "runtime/spec/host_files.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/systemd/units.hpp"

namespace gantry {
namespace {

constexpr auto default_root = "/var/lib/gantry";

std::string find_in_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::string folders =
      (path != nullptr ? path : "") + std::string(":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin");
  for (std::size_t at = 0; at < folders.size();) {
    auto end = std::min(folders.find(':', at), folders.size());
    auto file = folders.substr(at, end - at) + "/" + program;
    if (file.front() == '/' && ::access(file.c_str(), X_OK) == 0) return file;
    at = end + 1;
  }
  return {};
}

std::string beside_this_program(const std::string& program) {
  std::array<char, 4096> self{};
  auto size = ::readlink("/proc/self/exe", self.data(), self.size() - 1);
  if (size <= 0) return {};
  std::string path(self.data(), static_cast<std::size_t>(size));
  auto file = path.substr(0, path.rfind('/') + 1) + program;
  return ::access(file.c_str(), X_OK) == 0 ? file : std::string{};
}

result<void> find_programs(const engine_options& options, engine_config& config) {
  config.monitor_program = options.monitor_program;
  if (config.monitor_program.empty()) config.monitor_program = beside_this_program("gantry-monitor");
  if (config.monitor_program.empty()) config.monitor_program = find_in_path("gantry-monitor");
  if (config.monitor_program.empty())
    return fail(errc::unavailable,
                "gantry-monitor is neither beside this program nor in PATH: install it, or say where it is");
  for (const auto* name : {"runc", "crun", "youki"})
    if (auto path = find_in_path(name); !path.empty()) config.runtimes.emplace(name, path);
  for (const auto& [name, path] : options.runtimes) config.runtimes[name] = path;
  // What native does not implement goes to an OCI runtime, where there is one.
  auto other = config.runtimes.find("runc");
  if (other == config.runtimes.end()) other = config.runtimes.begin();
  config.runtimes[monitor::native_runtime] = other == config.runtimes.end() ? "" : other->second;
  if (!options.default_runtime.empty()) config.default_runtime = options.default_runtime;
  if (!config.runtimes.contains(config.default_runtime))
    return fail(errc::unavailable,
                "the OCI runtime {} is not in PATH: install it (Debian: apt-get install {}), or name another",
                config.default_runtime, config.default_runtime);
  config.init_program = options.init_program;
  for (const auto* name : {"tini-static", "tini"}) // the second needs libraries that an image may lack
    if (config.init_program.empty()) config.init_program = find_in_path(name);
  return {};
}

/// Made once for a root and kept there.
result<std::string> engine_id(const std::string& root) {
  auto file = root + "/engine-id";
  if (auto known = sys::read_file(file, 128)) return *known;
  auto made = random_id();
  GANTRY_TRY(sys::write_file(file, made, 0600));
  return made;
}

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

result<void> choose_cgroups(const engine_options& options, engine_config& config) {
  const auto& name = options.cgroup_driver;
  if (!name.empty() && name != "cgroupfs" && name != "systemd")
    return fail(errc::invalid_argument, "cgroup_driver '{}': it is cgroupfs or systemd", name);
  if (name == "systemd") {
    config.driver = cgroup::driver::systemd;
    config.cgroup_parent = "gantry.slice";
    if (const auto how = config.facts.cgroups.how; how != cgroup::mode::v2)
      return fail(errc::failed_precondition,
                  "cgroup_driver systemd needs a host with cgroups v2 alone, and this one has {}: use cgroupfs",
                  cgroup::to_string(how));
    if (auto there = systemd::check_manager(); !there) return within(std::move(there.error()), "cgroup_driver systemd");
  }
  if (!options.cgroup_parent.empty()) config.cgroup_parent = options.cgroup_parent;
  return check_cgroup_parent(config, config.cgroup_parent);
}

/// Engines side by side have different roots; their networks must differ, too.
std::uint32_t mark_of(const std::string& root) {
  std::uint32_t hash = 2166136261U; // FNV-1a
  for (const char c : root) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash;
}

} // namespace

result<std::shared_ptr<engine_config>> complete(const engine_options& options) {
  auto config = std::make_shared<engine_config>();
  config->root = options.root;
  config->run_dir = options.run_dir;
  config->paths = store::layout(options.root);
  GANTRY_TRY(find_programs(options, *config));
  GANTRY_LET(config->facts, spec::read_host_facts());
  GANTRY_LET(config->id, engine_id(options.root));
  GANTRY_TRY(choose_cgroups(options, *config));
  config->dns = options.dns;
  if (options.stop_timeout >= 0) config->stop_timeout = options.stop_timeout;
  config->volatile_snapshots = options.volatile_snapshots;
  config->writable_memory = options.writable_memory;
  config->host_name = host_name();
  config->host_resolv_conf = spec::host_resolv_conf();
  config->bridge_gateway = bridge_of(options).subnets.front().gateway;
  return config;
}

network::bridge_network bridge_of(const engine_options& options) {
  network::bridge_network bridge;
  auto& own = bridge.subnets.front();
  if (::access("/opt/cni/bin/portmap", X_OK) == 0) bridge.plugin_dir = "/opt/cni/bin";
  if (!options.cni_plugins.empty()) bridge.plugin_dir = options.cni_plugins;
  if (options.root != default_root) {
    auto mark = mark_of(options.root);
    auto name = fmt::format("gantry{:08x}", mark); // 14 of the 15 characters that a link's name may have
    bridge.cni_name = bridge.bridge = name;
    own.subnet = fmt::format("10.{}.{}.0/20", 128 + (mark >> 8 & 127), mark & 0xf0);
  }
  if (!options.bridge.empty()) bridge.bridge = options.bridge;
  if (!options.subnet.empty()) own.subnet = options.subnet;
  // The first address of the subnet is the bridge's own.
  auto base = own.subnet.substr(0, own.subnet.find('/'));
  own.gateway = base.substr(0, base.rfind('.')) + ".1";
  return bridge;
}

network::names_place names_of(const engine_options& options) {
  return {network::find_names_program(), options.run_dir + "/names"};
}

cni_paths pod_networks_of(const engine_options& options) {
  cni_paths where;
  if (!options.cni_config.empty()) where.config = options.cni_config;
  if (!options.cni_plugins.empty()) where.plugins = {options.cni_plugins};
  return where;
}

admission_limits limits_of(const engine_options& options, std::uint32_t extractors) {
  admission_limits limits;
  auto cores = std::max(1U, std::thread::hardware_concurrency());
  limits.launch.slots = 8 * cores;
  limits.extraction.slots = extractors;
  if (options.max_creations != 0) {
    // The bound is of all that are asked for at once: those under way count.
    limits.creation.slots = static_cast<std::uint32_t>(std::min<std::size_t>(64, options.max_creations));
    limits.creation.queue = options.max_creations - limits.creation.slots;
  }
  if (options.max_pulls != 0) limits.pull.slots = static_cast<std::uint32_t>(options.max_pulls);
  return limits;
}

} // namespace gantry
