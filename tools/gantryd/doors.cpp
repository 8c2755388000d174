#include "tools/gantryd/doors.hpp"

#include <algorithm>

#include <spdlog/spdlog.h>

#include "api/docker/door.hpp"
#include "api/metrics/door.hpp"

namespace gantry::daemon {
namespace {

result<std::unique_ptr<http::server>> open_docker(engine& of, const settings& all) {
  http::server_options options;
  for (const auto& host : all.hosts) {
    GANTRY_LET(auto path, socket_path(host));
    options.listen.push_back({std::move(path), {}, 0});
  }
  options.group = all.group;
  if (all.limits.max_connections != 0) options.max_connections = all.limits.max_connections;
  GANTRY_LET(auto door, docker::open_door(of.system(), of.handle(), std::move(options)));
  for (const auto& host : all.hosts) spdlog::info("serving the Docker Engine API on {}", host);
  return door;
}

result<std::unique_ptr<cri::server>> open_cri(engine& of, const settings& all) {
  if (all.cri_hosts.empty()) return nullptr;
  cri::server_options options;
  for (const auto& host : all.cri_hosts) {
    GANTRY_LET(auto path, socket_path(host));
    options.sockets.push_back(std::move(path));
  }
  options.group = all.group;
  GANTRY_LET(const auto streams, http::parse_address(all.cri_streaming_host));
  options.stream_address = streams.host;
  options.stream_port = streams.port;
  options.stream_certificate = all.cri_streaming_tls_cert;
  options.stream_key = all.cri_streaming_tls_key;
  GANTRY_LET(auto door, cri::server::start(of.system(), of.handle(), std::move(options)));
  for (const auto& host : all.cri_hosts) spdlog::info("serving the Kubernetes CRI on {}", host);
  return door;
}

result<std::unique_ptr<http::server>> open_metrics(engine& of, const settings& all) {
  if (all.metrics_hosts.empty()) return nullptr;
  http::server_options options;
  options.group = all.group;
  for (const auto& host : all.metrics_hosts) {
    GANTRY_LET(auto where, http::parse_address(host));
    options.listen.push_back(std::move(where));
  }
  GANTRY_LET(auto door, metrics_door::open_door(of.system(), of.handle(), std::move(options)));
  for (const auto& where : door->listening()) spdlog::info("serving metrics on {}", to_string(where));
  return door;
}

} // namespace

bool doors::answering() const { return docker->activity().requests != 0 || (cri && cri->activity().calls != 0); }

std::chrono::steady_clock::time_point doors::last_use() const {
  auto last = docker->activity().last_request;
  return cri ? std::max(last, cri->activity().last_call) : last;
}

result<doors> open_doors(engine& of, const settings& all) {
  doors made;
  GANTRY_LET(made.docker, open_docker(of, all));
  GANTRY_LET(made.cri, open_cri(of, all));
  GANTRY_LET(made.metrics, open_metrics(of, all));
  return made;
}

} // namespace gantry::daemon
