#include "messages/domain/changes_of.hpp"

namespace gantry {
namespace {

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

template<class T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

template<class T>
void replace(std::optional<T>& to, const std::optional<T>& from) {
  if (from) to = from;
}

} // namespace

image_changes changes_of(const container_options& options) {
  image_changes made;
  for (const auto& variable : options.env) // "NAME" alone takes one away from the container, not from the image
    if (variable.find('=') != std::string::npos) made.env.push_back(variable);
  made.entrypoint = options.entrypoint;
  if (options.entrypoint || !options.cmd.empty()) made.cmd = options.cmd;
  made.user = unless_empty(options.user);
  made.working_dir = unless_empty(options.working_dir);
  made.stop_signal = unless_empty(options.stop_signal);
  for (const auto& mount : options.mounts)
    if (mount.type == mount_request::kind::volume && mount.source.empty()) made.volumes.push_back(mount.target);
  made.exposed_ports = options.exposed_ports;
  made.labels = options.labels;
  made.health = options.health;
  return made;
}

image_changes merged(image_changes under, const image_changes& over) {
  append(under.env, over.env);
  if (over.entrypoint && !over.entrypoint->empty()) under.cmd = std::vector<std::string>();
  replace(under.cmd, over.cmd);
  replace(under.entrypoint, over.entrypoint);
  replace(under.user, over.user);
  replace(under.working_dir, over.working_dir);
  replace(under.stop_signal, over.stop_signal);
  replace(under.health, over.health);
  append(under.volumes, over.volumes);
  append(under.exposed_ports, over.exposed_ports);
  append(under.on_build, over.on_build);
  for (const auto& [name, value] : over.labels) under.labels[name] = value;
  return under;
}

} // namespace gantry
