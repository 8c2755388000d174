#include <algorithm>

#include "messages/domain/duration.hpp"
#include "tools/gantry/format/units.hpp"
#include "tools/gantry/options/host_config.hpp"
#include "tools/gantry/options/syntax.hpp"

namespace gantry::cli {

namespace {

/// Without -a: all output, and stdin when it is kept open.
result<void> add_attach(const create_options& o, json& config) {
  for (const auto& stream : o.attach)
    if (stream != "stdin" && stream != "stdout" && stream != "stderr")
      return fail(errc::invalid_argument, "-a {}: attach takes stdin, stdout or stderr", stream);
  auto has = [&](const char* stream) { return std::find(o.attach.begin(), o.attach.end(), stream) != o.attach.end(); };
  bool all = o.attach.empty();
  config["AttachStdin"] = all ? o.interactive : has("stdin");
  config["AttachStdout"] = all || has("stdout");
  config["AttachStderr"] = all || has("stderr");
  config["Tty"] = o.terminal;
  config["OpenStdin"] = o.interactive;
  config["StdinOnce"] = o.interactive && truth(config, "AttachStdin");
  return {};
}

result<void> add_duration(const char* option, const std::string& given, const char* field, json& health) {
  if (given.empty()) return {};
  auto duration = parse_duration(given);
  if (!duration) return within(duration.error(), "{}", option);
  health[field] = duration->count();
  return {};
}

result<void> add_health(const create_options& o, json& config) {
  json health;
  if (!o.health_cmd.empty()) health["Test"] = json::array({"CMD-SHELL", o.health_cmd});
  GANTRY_TRY(add_duration("--health-interval", o.health_interval, "Interval", health));
  GANTRY_TRY(add_duration("--health-timeout", o.health_timeout, "Timeout", health));
  GANTRY_TRY(add_duration("--health-start-period", o.health_start_period, "StartPeriod", health));
  GANTRY_TRY(add_duration("--health-start-interval", o.health_start_interval, "StartInterval", health));
  if (o.health_retries < 0) return fail(errc::invalid_argument, "--health-retries may not be negative");
  if (o.health_retries > 0) health["Retries"] = o.health_retries;
  if (o.no_healthcheck && !health.is_null())
    return fail(errc::invalid_argument, "--no-healthcheck conflicts with the --health- options");
  if (o.no_healthcheck) health["Test"] = json::array({"NONE"});
  if (!health.is_null()) config["Healthcheck"] = health;
  return {};
}

void set_text(json& into, const char* field, const std::string& value) {
  if (!value.empty()) into[field] = value;
}

result<void> add_process(const create_options& o, const strings& command, const surroundings& around, json& config) {
  set_text(config, "Hostname", o.hostname);
  set_text(config, "Domainname", o.domainname);
  set_text(config, "User", o.user);
  set_text(config, "WorkingDir", o.working_dir);
  set_text(config, "StopSignal", o.stop_signal);
  if (o.stop_timeout) config["StopTimeout"] = *o.stop_timeout;
  GANTRY_LET(auto env, environment_of(o, around));
  if (!env.empty()) config["Env"] = env;
  if (!command.empty()) config["Cmd"] = command;
  // Docker's client spells "no entrypoint" as a list with one empty string.
  if (o.entrypoint) config["Entrypoint"] = json::array({*o.entrypoint});
  GANTRY_LET(auto labels, labels_of(o.label_files, o.labels, around));
  if (!labels.empty()) config["Labels"] = labels;
  return {};
}

result<void> add_ports(const create_options& o, json& config, json& host) {
  json exposed = json::object(), bindings = json::object();
  for (const auto& each : o.publish) GANTRY_TRY(add_port(each, bindings, exposed));
  for (const auto& each : o.expose) GANTRY_TRY(add_exposed(each, exposed));
  if (!exposed.empty()) config["ExposedPorts"] = exposed;
  if (!bindings.empty()) host["PortBindings"] = bindings;
  return {};
}

} // namespace

result<json> create_body(const create_options& options, const std::string& image, const strings& command,
                         const surroundings& around) {
  if (options.auto_remove && !options.restart.empty() && options.restart != "no")
    return fail(errc::invalid_argument,
                "--rm conflicts with --restart: what is started again cannot be removed at its exit");
  json config = json::object();
  config["Image"] = image;
  GANTRY_TRY(add_attach(options, config));
  GANTRY_TRY(add_process(options, command, around, config));
  GANTRY_TRY(add_health(options, config));
  GANTRY_LET(auto host, host_config_of(options, around));
  for (const auto& each : options.volumes) GANTRY_TRY(add_volume(each, around, config, host));
  GANTRY_TRY(add_ports(options, config, host));
  GANTRY_TRY(add_networks(options, config, host));
  config["HostConfig"] = std::move(host);
  return config;
}

} // namespace gantry::cli
