#include <algorithm>

#include "api/docker/parse/parts.hpp"
#include "messages/domain/quote.hpp"

// Config: what a container is, wherever it runs (Docker Engine API, "ContainerConfig").
namespace gantry::docker::parts {
namespace {

constexpr std::int64_t longest_interval = 1'000'000'000'000'000'000; // 31 years, in ns

result<void> check_env(const std::vector<std::string>& env) {
  for (const auto& entry : env)
    if (entry.empty() || entry.front() == '=')
      return fail(errc::invalid_argument, "invalid environment variable: {}", quote(entry));
  return {};
}

/// A zero inherits; less than a millisecond would keep the host busy with nothing else.
result<std::chrono::nanoseconds> read_time(json_fields& fields, std::string_view name) {
  std::int64_t nanos = 0;
  fields.read(name, nanos, INT64_MIN, longest_interval);
  if (nanos != 0 && nanos < 1'000'000)
    return fail(errc::invalid_argument, "{} in Healthcheck cannot be less than 1ms", name);
  return std::chrono::nanoseconds(nanos);
}

result<void> check_test(const std::vector<std::string>& test) {
  if (test.empty() || test.front() == "NONE") return {};
  if (test.front() != "CMD" && test.front() != "CMD-SHELL")
    return fail(errc::invalid_argument, "Healthcheck.Test begins with {}: write NONE, CMD or CMD-SHELL",
                quote(test.front()));
  if (test.size() == 1) return fail(errc::invalid_argument, "Healthcheck.Test names no command after {}", test.front());
  return {};
}

result<void> read_health(object from, container_options& into) {
  json_fields fields(from);
  healthcheck health;
  std::int64_t retries = 0;
  fields.read("Test", health.test);
  GANTRY_LET(health.interval, read_time(fields, "Interval"));
  GANTRY_LET(health.timeout, read_time(fields, "Timeout"));
  GANTRY_LET(health.start_period, read_time(fields, "StartPeriod"));
  GANTRY_LET(health.start_interval, read_time(fields, "StartInterval"));
  fields.read("Retries", retries, INT32_MIN, 1'000'000);
  GANTRY_TRY(checked(fields, "Healthcheck"));
  GANTRY_TRY(check_test(health.test));
  if (retries < 0) return fail(errc::invalid_argument, "Retries in Healthcheck cannot be negative");
  health.retries = static_cast<int>(retries);
  into.health = std::move(health);
  return {};
}

void read_command(json_fields& fields, container_options& into) {
  fields.read_list_or_string("Cmd", into.cmd);
  if (!fields.has("Entrypoint")) return;
  into.entrypoint.emplace();
  fields.read_list_or_string("Entrypoint", *into.entrypoint);
  // `--entrypoint ""` arrives as [""]: none at all.
  if (into.entrypoint->size() == 1 && into.entrypoint->front().empty()) into.entrypoint->clear();
}

void add_volumes(json_fields& fields, container_options& into) {
  std::vector<std::string> targets;
  fields.read_names("Volumes", targets);
  for (auto& target : targets) {
    mount_request added;
    added.type = mount_request::kind::volume;
    added.target = std::move(target);
    added.from_image = true;
    into.mounts.push_back(std::move(added));
  }
}

result<void> refuse_config(json_fields& fields) {
  bool no_network = false;
  std::vector<std::string> shell;
  fields.read("NetworkDisabled", no_network);
  fields.read_list_or_string("Shell", shell);
  if (no_network)
    return fail(errc::invalid_argument, "NetworkDisabled is not supported: write \"none\" as HostConfig.NetworkMode");
  if (!shell.empty())
    return fail(errc::invalid_argument,
                "Shell is not supported: in Healthcheck.Test write CMD, the shell and its arguments");
  return {};
}

} // namespace

result<void> read_config(object config, container_options& into) {
  json_fields fields(config);
  fields.read("Image", into.image);
  read_command(fields, into);
  fields.read("Env", into.env);
  fields.read("WorkingDir", into.working_dir);
  fields.read("User", into.user);
  fields.read("Hostname", into.hostname);
  fields.read("Domainname", into.domainname);
  fields.read("Tty", into.tty);
  fields.read("OpenStdin", into.open_stdin);
  fields.read("StdinOnce", into.stdin_once);
  fields.read("AttachStdin", into.attach_stdin);
  fields.read("AttachStdout", into.attach_stdout);
  fields.read("AttachStderr", into.attach_stderr);
  fields.read("Labels", into.labels);
  fields.read("StopSignal", into.stop_signal);
  fields.read("MacAddress", into.mac_address);
  fields.read_names("ExposedPorts", into.exposed_ports);
  if (fields.has("StopTimeout")) {
    std::int64_t seconds = 0;
    fields.read("StopTimeout", seconds, -1, 1'000'000'000);
    into.stop_timeout = static_cast<int>(seconds);
  }
  add_volumes(fields, into);
  GANTRY_TRY(refuse_config(fields));
  if (auto health = fields.object("Healthcheck")) GANTRY_TRY(read_health(*health, into));
  GANTRY_TRY(checked(fields, "Config"));
  for (const auto& port : into.exposed_ports) GANTRY_TRY(check_exposed_port(port));
  for (const auto& mount : into.mounts)
    if (!mount.target.starts_with('/'))
      return fail(errc::invalid_argument, "invalid volume specification: {}: mount path must be absolute",
                  quote(mount.target));
  return check_env(into.env);
}

} // namespace gantry::docker::parts
