#include "api/docker/render/container.hpp"
#include "api/docker/render/words.hpp"

namespace gantry::docker {
namespace {

json health_of(const health_state& health) {
  json log = json::array();
  for (const auto& one : health.log)
    log.push_back({{"Start", time_text(one.started_at)},
                   {"End", time_text(one.finished_at)},
                   {"ExitCode", one.exit_code},
                   {"Output", one.output}});
  return {{"Status", to_string(health.now)}, {"FailingStreak", health.failing_streak}, {"Log", std::move(log)}};
}

json state_of(const container_state& state) {
  bool up = state.now == phase::running || state.now == phase::paused || state.now == phase::restarting;
  json made;
  made["Status"] = to_string(state.now);
  made["Running"] = up;
  made["Paused"] = state.now == phase::paused;
  made["Restarting"] = state.now == phase::restarting;
  made["OOMKilled"] = state.oom_killed;
  made["Dead"] = state.now == phase::dead;
  made["Pid"] = state.pid;
  made["ExitCode"] = state.exit_code;
  made["Error"] = state.error;
  made["StartedAt"] = time_text(state.started_at);
  made["FinishedAt"] = time_text(state.finished_at);
  if (state.health) made["Health"] = health_of(*state.health);
  return made;
}

/// The user's over the image's, as dockerd merges them at creation (moby daemon/commit.go, merge).
void add_command(json& config, const container_options& options, const image_config* image) {
  auto entrypoint = options.entrypoint.value_or(std::vector<std::string>());
  auto cmd = options.cmd;
  if (image != nullptr && !options.entrypoint) {
    entrypoint = image->entrypoint;
    if (cmd.empty()) cmd = image->cmd;
  }
  config["Cmd"] = or_null(cmd);
  config["Entrypoint"] = or_null(entrypoint);
}

json labels_of(const container_options& options, const image_config* image) {
  auto labels = options.labels;
  if (image != nullptr) labels.insert(image->labels.begin(), image->labels.end());
  return object_of(labels);
}

/// Of the network that its mode names, as it was asked for.
const std::string& asked_mac(const container_options& options) {
  return options.networks.empty() ? options.mac_address : options.networks.front().mac;
}

std::string_view name_of(std::string_view variable) { return variable.substr(0, variable.find('=')); }

/// As above: what the engine adds (HOSTNAME, HOME) is not said, and a name without a value, which takes the image's
/// away, is.
std::vector<std::string> env_of(const container_record& of, const image_config* image) {
  if (image == nullptr) return of.effective_env.empty() ? of.options.env : of.effective_env;
  auto env = of.options.env;
  const auto given = env.size();
  for (const auto& entry : image->env)
    if (std::none_of(env.begin(), env.begin() + static_cast<std::ptrdiff_t>(given),
                     [&](const std::string& own) { return name_of(own) == name_of(entry); }))
      env.push_back(entry);
  return env;
}

json volumes_of(const container_record& of) {
  std::vector<std::string> targets;
  for (const auto& mount : of.options.mounts)
    if (mount.from_image) targets.push_back(mount.target);
  return set_of(targets);
}

json exposed_of(const container_options& options, const image_config* image) {
  auto ports = options.exposed_ports;
  for (const auto& port : options.ports) ports.push_back(fmt::format("{}/{}", port.container_port, port.protocol));
  if (image != nullptr) ports.insert(ports.end(), image->exposed_ports.begin(), image->exposed_ports.end());
  return set_of(ports);
}

json config_of(const container_record& of, const image_config* image) {
  const auto& options = of.options;
  json config;
  config["Hostname"] = options.hostname.empty() ? of.name.id.substr(0, 12) : options.hostname;
  config["Domainname"] = options.domainname;
  config["User"] = of.effective_user.empty() ? options.user : of.effective_user;
  config["AttachStdin"] = options.attach_stdin;
  config["AttachStdout"] = options.attach_stdout;
  config["AttachStderr"] = options.attach_stderr;
  if (auto ports = exposed_of(options, image); !ports.is_null()) config["ExposedPorts"] = ports;
  config["Tty"] = options.tty;
  config["OpenStdin"] = options.open_stdin;
  config["StdinOnce"] = options.stdin_once;
  config["Env"] = or_null(env_of(of, image));
  add_command(config, options, image);
  if (auto health = of.effective_health ? of.effective_health : options.health)
    config["Healthcheck"] = health_config(*health);
  config["Image"] = options.image;
  config["Volumes"] = volumes_of(of);
  config["WorkingDir"] = of.effective_working_dir.empty() ? options.working_dir : of.effective_working_dir;
  if (const auto& mac = asked_mac(options); !mac.empty()) config["MacAddress"] = mac;
  config["OnBuild"] = nullptr;
  config["Labels"] = labels_of(options, image);
  auto signal = !options.stop_signal.empty() || image == nullptr ? options.stop_signal : image->stop_signal;
  if (!signal.empty()) config["StopSignal"] = signal;
  if (options.stop_timeout) config["StopTimeout"] = *options.stop_timeout;
  return config;
}

} // namespace

json container_inspect(const container_record& of, const std::vector<network_endpoint>& endpoints,
                       const image_config* image, const std::vector<std::string>& exec_ids) {
  json made;
  made["Id"] = of.name.id;
  made["Created"] = time_text(of.created_at);
  made["Path"] = of.args.empty() ? "" : of.args.front();
  made["Args"] =
      of.args.empty() ? std::vector<std::string>() : std::vector<std::string>(of.args.begin() + 1, of.args.end());
  made["State"] = state_of(of.state);
  made["Image"] = of.image_id.str();
  // They lie in memory and only the container sees them: no path of the host leads there.
  made["ResolvConfPath"] = made["HostnamePath"] = made["HostsPath"] = "";
  made["LogPath"] = of.options.log.driver == "json-file" ? of.log_path : "";
  made["Name"] = "/" + of.display_name;
  made["RestartCount"] = of.state.restart_count;
  made["Launcher"] = of.state.launcher; // our own key
  made["Driver"] = "overlayfs";
  made["Platform"] = "linux";
  made["MountLabel"] = made["ProcessLabel"] = made["AppArmorProfile"] = "";
  made["ExecIDs"] = or_null(exec_ids);
  made["HostConfig"] = host_config(of.options);
  made["GraphDriver"] = {{"Data", nullptr}, {"Name", "overlayfs"}};
  made["Mounts"] = mount_points(of.mounts);
  made["Config"] = config_of(of, image);
  made["NetworkSettings"] = network_settings(of, endpoints);
  return made;
}

json health_config(const healthcheck& of) {
  json made;
  made["Test"] = of.test;
  if (of.interval.count() != 0) made["Interval"] = of.interval.count();
  if (of.timeout.count() != 0) made["Timeout"] = of.timeout.count();
  if (of.start_period.count() != 0) made["StartPeriod"] = of.start_period.count();
  if (of.start_interval.count() != 0) made["StartInterval"] = of.start_interval.count();
  if (of.retries != 0) made["Retries"] = of.retries;
  return made;
}

} // namespace gantry::docker
