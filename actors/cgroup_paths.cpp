#include "actors/cgroup_paths.hpp"

#include "actors/sandbox_of.hpp"
#include "runtime/systemd/names.hpp"

namespace gantry {
namespace {

bool by_systemd(const engine_config& config) { return config.driver == cgroup::driver::systemd; }

std::string parent_of(const engine_config& config, const std::string& asked) {
  return asked.empty() ? config.cgroup_parent : asked;
}

/// Of a slice that was checked when it was given.
std::string slice_path(const std::string& slice) { return systemd::path_of_slice(slice).value_or("/" + slice); }

std::string scope_in(const std::string& slice, const std::string& id) {
  return slice_path(slice) + "/gantry-" + id + ".scope";
}

} // namespace

std::string cgroup_of(const engine_config& config, const container_record& record) {
  const auto parent = parent_of(config, record.options.cgroup_parent);
  if (by_systemd(config)) return scope_in(parent, record.name.id);
  if (in_pod(record)) return parent + "/" + record.name.id; // the pod's own
  return parent + "/" + record.name.ns + "/" + record.name.id;
}

std::string cgroup_of(const engine_config& config, const pod_record& pod) {
  const auto& asked = pod.options.cgroup_parent;
  if (by_systemd(config)) return slice_path(systemd::slice_below(parent_of(config, asked), pod.name.id));
  auto parent = asked.empty() ? config.cgroup_parent + "/" + pod.name.ns : asked;
  while (parent.ends_with('/')) parent.pop_back();
  const auto* root = parent.empty() || parent.starts_with('/') ? "" : "/";
  return fmt::format("{}{}/{}", root, parent, pod.name.id);
}

std::string pause_cgroup_of(const engine_config& config, const pod_record& pod) {
  const auto own = cgroup_of(config, pod);
  return by_systemd(config) ? scope_in(own, pod.name.id + "-pause") : own + "/pause";
}

std::string cgroups_path_of(const engine_config& config, const container_record& record) {
  auto path = cgroup_of(config, record);
  return by_systemd(config) ? systemd::cgroups_path_of(path) : path;
}

result<void> check_cgroup_parent(const engine_config& config, const std::string& parent) {
  if (parent.empty()) return {};
  if (!by_systemd(config) && parent.ends_with(".slice"))
    return fail(errc::invalid_argument, "cgroup parent '{}' is systemd's, and this engine's cgroup driver is cgroupfs",
                parent);
  if (!by_systemd(config)) return {};
  if (auto path = systemd::path_of_slice(parent); !path)
    return within(std::move(path.error()), "cgroup parent: this engine's cgroup driver is systemd");
  return {};
}

} // namespace gantry
