#include <iostream>

#include <CLI/CLI.hpp>

#include "api/http/address.hpp"
#include "messages/domain/duration.hpp"
#include "messages/domain/quote.hpp"
#include "tools/gantryd/settings.hpp"

namespace gantry::daemon {
namespace {

constexpr auto default_file = "/etc/gantry/gantry.toml";

/// The flags as they were written; what is not empty goes over the file.
struct flags {
  std::string root, run_dir, config, runtime, log_level, idle_exit, monitor_program, init_program, group;
  std::string cri_streaming_host, cri_streaming_tls_cert, cri_streaming_tls_key;
  std::vector<std::string> hosts, cri_hosts, metrics_hosts, runtimes;
  std::size_t max_creations = 0, max_pulls = 0, max_connections = 0;
};

void declare(CLI::App& app, flags& f) {
  app.add_option("--root", f.root, "Folder of images, layers and records (default /var/lib/gantry)");
  app.add_option("--run-dir", f.run_dir, "Folder of sockets and bundles, best on a tmpfs (default /run/gantry)");
  app.add_option("--host,-H", f.hosts,
                 "unix://PATH to listen on; may be given more than once (default unix://RUN_DIR/gantry.sock)");
  app.add_option("--cri-host", f.cri_hosts,
                 "unix://PATH to serve the Kubernetes CRI on; may be given more than once (default: nowhere)");
  app.add_option("--cri-streaming-host", f.cri_streaming_host,
                 "tcp://ADDRESS:PORT to serve the CRI's exec, attach and port-forward on (default tcp://127.0.0.1:0)");
  app.add_option("--cri-streaming-tls-cert", f.cri_streaming_tls_cert,
                 "PEM file of a certificate, to serve those over TLS (default: over plain HTTP)");
  app.add_option("--cri-streaming-tls-key", f.cri_streaming_tls_key, "PEM file of the certificate's private key");
  app.add_option("--metrics-host", f.metrics_hosts,
                 "tcp://HOST:PORT or unix://PATH to serve figures on, for Prometheus; may be given more than once");
  app.add_option("--group", f.group, "Group that may use the sockets (default: root's)");
  app.add_option("--config", f.config,
                 std::string("Configuration file (default ") + default_file + ", which may be missing)");
  app.add_option("--runtime", f.runtime,
                 "What runs containers that name no runtime: native (default), runc, crun, or one of --add-runtime");
  app.add_option("--add-runtime", f.runtimes, "NAME=PATH of another OCI runtime; may be given more than once");
  app.add_option("--log-level", f.log_level, "trace, debug, info, warn, error or off (default info)");
  app.add_option("--idle-exit", f.idle_exit,
                 "End after nothing ran and nobody asked for so long, for example 30s (default: never)");
  app.add_option("--monitor-program", f.monitor_program, "Path of gantry-monitor (default: beside gantryd)");
  app.add_option("--init-program", f.init_program,
                 "Path of the init for containers run with --init (default: tini in PATH)");
  app.add_option("--max-creations", f.max_creations, "Creations at once; those over it are told to ask again (429)");
  app.add_option("--max-pulls", f.max_pulls, "Pulls at once");
  app.add_option("--max-connections", f.max_connections, "Clients at once");
}

void put(std::string& into, const std::string& from) {
  if (!from.empty()) into = from;
}
void put(std::size_t& into, std::size_t from) {
  if (from != 0) into = from;
}

result<void> apply(const flags& f, settings& into) {
  put(into.root, f.root);
  put(into.run_dir, f.run_dir);
  put(into.group, f.group);
  put(into.runtime, f.runtime);
  put(into.log_level, f.log_level);
  put(into.monitor_program, f.monitor_program);
  put(into.init_program, f.init_program);
  put(into.cri_streaming_host, f.cri_streaming_host);
  put(into.cri_streaming_tls_cert, f.cri_streaming_tls_cert);
  put(into.cri_streaming_tls_key, f.cri_streaming_tls_key);
  if (!f.hosts.empty()) into.hosts = f.hosts;
  if (!f.cri_hosts.empty()) into.cri_hosts = f.cri_hosts;
  if (!f.metrics_hosts.empty()) into.metrics_hosts = f.metrics_hosts;
  put(into.limits.max_creations, f.max_creations);
  put(into.limits.max_pulls, f.max_pulls);
  put(into.limits.max_connections, f.max_connections);
  for (const auto& one : f.runtimes) {
    auto equals = one.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(errc::invalid_argument, "--add-runtime {}: write NAME=PATH", quote(one));
    into.runtimes[one.substr(0, equals)] = one.substr(equals + 1);
  }
  if (f.idle_exit.empty()) return {};
  GANTRY_LET(into.idle_exit, parse_seconds(f.idle_exit));
  return {};
}

result<void> check_streaming(const settings& all) {
  auto where = http::parse_address(all.cri_streaming_host);
  if (!where) return within(where.error(), "--cri-streaming-host");
  if (!where->path.empty())
    return fail(errc::invalid_argument,
                "--cri-streaming-host {}: streams are served over TCP: write tcp://ADDRESS:PORT",
                quote(all.cri_streaming_host));
  if (all.cri_streaming_tls_cert.empty() != all.cri_streaming_tls_key.empty())
    return fail(errc::invalid_argument, "--cri-streaming-tls-{} is missing: certificate and key go together",
                all.cri_streaming_tls_key.empty() ? "key" : "cert");
  return {};
}

result<void> check(settings& all) {
  if (all.hosts.empty()) all.hosts.push_back("unix://" + all.run_dir + "/gantry.sock");
  for (const auto& host : all.hosts) GANTRY_TRY(socket_path(host));
  for (const auto& host : all.metrics_hosts)
    if (auto read = http::parse_address(host); !read) return within(read.error(), "--metrics-host");
  GANTRY_TRY(check_streaming(all));
  for (const auto* path : {&all.root, &all.run_dir})
    if (!path->starts_with('/'))
      return fail(errc::invalid_argument, "{}: --root and --run-dir are absolute paths", quote(*path));
  for (const auto& folder : all.cdi_spec_dirs)
    if (!folder.starts_with('/'))
      return fail(errc::invalid_argument, "cdi_spec_dirs: {} is no absolute path", quote(folder));
  static constexpr std::string_view levels[] = {"trace", "debug", "info", "warn", "error", "off"};
  if (std::find(std::begin(levels), std::end(levels), all.log_level) == std::end(levels))
    return fail(errc::invalid_argument, "log level {}: write trace, debug, info, warn, error or off",
                quote(all.log_level));
  return {};
}

result<settings> merge(const flags& f) {
  settings all;
  auto read = read_config_file(f.config.empty() ? default_file : f.config, all);
  if (!read && (read.error().code != errc::not_found || !f.config.empty())) return tl::unexpected<error>(read.error());
  GANTRY_TRY(apply(f, all));
  GANTRY_TRY(check(all));
  return all;
}

} // namespace

result<std::chrono::seconds> parse_seconds(const std::string& text) {
  GANTRY_LET(auto exact, parse_duration(text));
  return std::chrono::ceil<std::chrono::seconds>(exact);
}

result<std::string> socket_path(const std::string& host) {
  constexpr std::string_view scheme = "unix://";
  auto path = host.starts_with(scheme) ? host.substr(scheme.size()) : host;
  if (path.starts_with('/')) return path;
  return fail(errc::invalid_argument, "--host {}: only Unix sockets are served: write unix:///path/of/the.sock",
              quote(host));
}

command_line read_command_line(int argc, char** argv) {
  command_line read;
  flags f;
  CLI::App app(
      "Gantry's daemon: serves the Docker Engine API and the Kubernetes CRI on Unix sockets and supervises containers");
  app.set_version_flag("--version", std::string("gantryd " GANTRY_VERSION));
  try {
    declare(app, f);
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) { // --help and --version too
    read.status = app.exit(e);
    return read;
  }
  auto merged = merge(f);
  if (!merged) {
    std::cerr << "gantryd: " << merged.error().message << '\n';
    read.status = 2;
    return read;
  }
  read.all = std::move(*merged);
  return read;
}

} // namespace gantry::daemon
