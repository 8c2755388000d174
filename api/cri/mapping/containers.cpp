#include "api/cri/mapping/containers.hpp"

#include <algorithm>

#include "api/cri/mapping/info.hpp"
#include "api/cri/mapping/mounts.hpp"
#include "api/cri/mapping/namespaces.hpp"
#include "api/cri/mapping/resources.hpp"
#include "api/cri/mapping/signals.hpp"
#include "messages/domain/cdi.hpp"
#include "messages/domain/quote.hpp"

namespace gantry::cri {
namespace {

/// Annotations by which device plugins ask for devices of the Container Device Interface.
constexpr std::string_view cdi_annotation = "cdi.k8s.io/";

result<void> refuse_unsupported(const v1::ContainerConfig& from) {
  if (from.has_windows()) return fail(errc::invalid_argument, "config.windows: this is a host of Linux");
  return {};
}

result<void> add_device(std::string_view name, std::vector<std::string>& into) {
  GANTRY_TRY(cdi::parse_device_name(name));
  if (std::find(into.begin(), into.end(), name) == into.end()) into.emplace_back(name);
  return {};
}

/// By the field, and by annotations: the kubelet has both ways, and a device may come by each of them.
result<std::vector<std::string>> parse_devices(const v1::ContainerConfig& from) {
  std::vector<std::string> made;
  for (const auto& one : from.cdi_devices())
    if (auto added = add_device(one.name(), made); !added) return within(added.error(), "config.CDI_devices");
  std::map<std::string, std::string> sorted(from.annotations().begin(), from.annotations().end());
  for (const auto& [name, value] : sorted) {
    if (!name.starts_with(cdi_annotation)) continue;
    for (std::size_t at = 0; at <= value.size();) {
      const auto end = std::min(value.find(',', at), value.size());
      if (auto added = add_device(std::string_view(value).substr(at, end - at), made); !added)
        return within(added.error(), "annotation {}", quote(name));
      at = end + 1;
    }
  }
  return made;
}

result<void> read_process(const v1::ContainerConfig& from, container_options& into) {
  if (from.command_size() != 0)
    into.entrypoint = std::vector<std::string>(from.command().begin(), from.command().end());
  into.cmd = {from.args().begin(), from.args().end()};
  for (const auto& one : from.envs()) {
    if (one.key().empty() || one.key().find('=') != std::string::npos)
      return fail(errc::invalid_argument, "config.envs: {} is no name of a variable", quote(one.key()));
    into.env.push_back(one.key() + "=" + one.value());
  }
  into.working_dir = from.working_dir();
  into.tty = from.tty();
  into.open_stdin = from.stdin();
  into.stdin_once = from.stdin_once();
  GANTRY_LET(into.stop_signal, parse_signal(from.stop_signal()));
  return {};
}

/// The kubelet says once more what it said of the pod; who says nothing means the same.
result<void> check_users(const v1::NamespaceOption& from, const pod_record& pod) {
  if (!from.has_userns_options()) return {};
  GANTRY_LET(auto users, parse_users(from.userns_options()));
  if (users == user_maps{pod.options.uid_map, pod.options.gid_map}) return {};
  return fail(errc::invalid_argument,
              "namespace_options.userns_options: not those of pod {}: its containers have the users that it has",
              pod.name.id);
}

result<pod_member> parse_member(const v1::ContainerConfig& from, const pod_record& pod) {
  if (from.metadata().name().empty()) return fail(errc::invalid_argument, "config.metadata: a container has a name");
  pod_member made;
  made.pod = pod.name;
  made.name = from.metadata().name();
  made.attempt = from.metadata().attempt();
  made.log_path = from.log_path();
  auto steps_out = made.log_path.starts_with("../") || made.log_path.find("/../") != std::string::npos;
  if (made.log_path.starts_with('/') || steps_out)
    return fail(errc::invalid_argument, "config.log_path {} is not below the pod's log directory",
                quote(made.log_path));
  const auto& namespaces = from.linux().security_context().namespace_options();
  GANTRY_TRY(check_users(namespaces, pod));
  GANTRY_LET(made.pid, parse_mode("pid", namespaces.pid()));
  if (made.pid == namespace_mode::target) made.pid_target = namespaces.target_id();
  if (made.pid == namespace_mode::target && made.pid_target.empty())
    return fail(errc::invalid_argument, "namespace_options.target_id is empty: name the container whose processes "
                                        "are to be seen");
  return made;
}

std::optional<int> parse_oom_score(std::int64_t from) {
  return static_cast<int>(std::clamp<std::int64_t>(from, -1000, 1000));
}

} // namespace

result<container_plan> parse_container(const v1::ContainerConfig& from, const pod_record& pod,
                                       const host_security& host) {
  GANTRY_TRY(refuse_unsupported(from));
  container_plan made;
  auto& options = made.options;
  options.image = from.image().image();
  if (options.image.empty()) return fail(errc::invalid_argument, "config.image is empty: name an image");
  GANTRY_TRY(read_process(from, options));
  GANTRY_LET(options.in_pod, parse_member(from, pod));
  options.labels.insert(from.labels().begin(), from.labels().end());
  options.annotations.insert(from.annotations().begin(), from.annotations().end());
  for (const auto& one : from.mounts()) {
    GANTRY_LET(auto mount, parse_mount(one, pod.options));
    options.mounts.push_back(std::move(mount));
  }
  for (const auto& one : from.devices()) {
    GANTRY_LET(auto device, parse_device(one));
    options.devices.push_back(std::move(device));
  }
  GANTRY_LET(options.cdi_devices, parse_devices(from));
  GANTRY_LET(options.resources, parse_resources(from.linux().resources()));
  options.oom_score_adj = parse_oom_score(from.linux().resources().oom_score_adj());
  GANTRY_LET(made.seccomp_profile, read_security(from.linux().security_context(), host, options));
  if (options.privileged && !pod.options.privileged)
    return fail(errc::invalid_argument,
                "security_context.privileged: pod {} is not privileged, so none of its "
                "containers can be",
                pod.name.id);
  options.runtime = pod.options.runtime;
  return made;
}

namespace {

v1::ContainerState render_state(phase now) {
  switch (now) {
  case phase::created:
  case phase::starting:
    return v1::CONTAINER_CREATED;
  case phase::running:
  case phase::paused:
  case phase::restarting:
    return v1::CONTAINER_RUNNING;
  case phase::exited:
  case phase::removing:
  case phase::dead:
    break;
  }
  return v1::CONTAINER_EXITED;
}

v1::ImageSpec render_image_spec(const container_record& from) {
  v1::ImageSpec made;
  made.set_image(from.options.image);
  made.set_user_specified_image(from.options.image);
  return made;
}

template<class Message>
void render_common(const container_record& from, Message& into) {
  into.set_id(from.name.id);
  *into.mutable_metadata() = render_metadata(from.options.in_pod);
  *into.mutable_image() = render_image_spec(from);
  into.set_image_ref(from.image_id.str());
  into.set_image_id(from.image_id.str());
  into.set_state(render_state(from.state.now));
  into.set_created_at(from.created_at);
  into.mutable_labels()->insert(from.options.labels.begin(), from.options.labels.end());
  into.mutable_annotations()->insert(from.options.annotations.begin(), from.options.annotations.end());
}

/// The image by its tag, if it has one: the kubelet creates containers by ids, and people know names.
std::string image_tag(const container_record& from, const found_image* image) {
  if (image != nullptr)
    for (const auto& one : image->names)
      if (!one.name.tag.empty()) return one.name.name() + ":" + one.name.tag;
  return from.options.image;
}

/// The image by its digest, as its registry knows it; the image's id when no name of it is left.
std::string image_ref(const container_record& from, const found_image* image) {
  if (image != nullptr)
    for (const auto& one : image->names)
      if (!one.manifest.empty()) return one.name.name() + "@" + one.manifest.str();
  return from.image_id.str();
}

void render_user(const process_ids& from, v1::ContainerUser& into) {
  auto& made = *into.mutable_linux();
  made.set_uid(from.uid);
  made.set_gid(from.gid);
  for (auto group : from.groups) made.add_supplemental_groups(group);
}

} // namespace

v1::ContainerMetadata render_metadata(const pod_member& from) {
  v1::ContainerMetadata made;
  made.set_name(from.name);
  made.set_attempt(from.attempt);
  return made;
}

std::string reason_of(const container_state& state) {
  if (state.started_at == 0) return "StartError";
  if (state.oom_killed) return "OOMKilled";
  return state.exit_code == 0 ? "Completed" : "Error";
}

v1::Container render_container(const container_record& from) {
  v1::Container made;
  render_common(from, made);
  made.set_pod_sandbox_id(from.options.in_pod.pod.id);
  return made;
}

v1::ContainerStatus render_container_status(const container_record& from, const found_image* image) {
  v1::ContainerStatus made;
  render_common(from, made);
  made.set_image_ref(image_ref(from, image));
  made.mutable_image()->set_image(image_tag(from, image));
  made.set_started_at(from.state.started_at);
  if (made.state() == v1::CONTAINER_EXITED) {
    made.set_finished_at(from.state.finished_at);
    made.set_exit_code(from.state.exit_code);
    made.set_reason(reason_of(from.state));
  }
  made.set_message(utf8(from.state.error));
  for (const auto& one : from.options.mounts)
    if (one.type == mount_request::kind::bind || one.type == mount_request::kind::image)
      *made.add_mounts() = render_mount(one);
  made.set_log_path(from.log_path);
  *made.mutable_resources()->mutable_linux() = render_resources(from.options.resources, from.options.oom_score_adj);
  if (from.effective_ids) render_user(*from.effective_ids, *made.mutable_user());
  auto signal = from.options.stop_signal;
  if (signal.empty() && image != nullptr) signal = image->what->config.stop_signal;
  made.set_stop_signal(render_signal(signal.empty() ? "SIGTERM" : signal));
  return made;
}

} // namespace gantry::cri
