#include "api/cri/mapping/mounts.hpp"

#include "api/cri/mapping/namespaces.hpp"
#include "messages/domain/quote.hpp"

namespace gantry::cri {
namespace {

result<const char*> parse_propagation(v1::MountPropagation from) {
  switch (from) {
  case v1::PROPAGATION_PRIVATE:
    return "rprivate";
  case v1::PROPAGATION_HOST_TO_CONTAINER:
    return "rslave";
  case v1::PROPAGATION_BIDIRECTIONAL:
    return "rshared";
  default:
    break;
  }
  return fail(errc::invalid_argument, "{} is no mount propagation", static_cast<int>(from));
}

v1::MountPropagation render_propagation(const std::string& from) {
  if (from == "rshared") return v1::PROPAGATION_BIDIRECTIONAL;
  return from == "rslave" ? v1::PROPAGATION_HOST_TO_CONTAINER : v1::PROPAGATION_PRIVATE;
}

result<void> refuse_unsupported(const v1::Mount& from) {
  if (!from.has_image() && !from.image_sub_path().empty())
    return fail(errc::invalid_argument, "image_sub_path goes with image");
  if (from.recursive_read_only() && (!from.readonly() || from.propagation() != v1::PROPAGATION_PRIVATE))
    return fail(errc::invalid_argument, "recursive_read_only goes with readonly and PROPAGATION_PRIVATE");
  if (from.mount_options_size() != 0) return fail(errc::invalid_argument, "mount_options are not supported");
  return {};
}

/// The container's root may change the mounts that it has, but none of the host's.
result<void> read_maps(const v1::Mount& from, const pod_options& pod, mount_request& into) {
  GANTRY_LET(into.uid_map, parse_mappings("uidMappings", from.uidmappings()));
  GANTRY_LET(into.gid_map, parse_mappings("gidMappings", from.gidmappings()));
  if (into.uid_map.empty() != into.gid_map.empty())
    return fail(errc::invalid_argument, "uidMappings and gidMappings go together");
  if (pod.uid_map.empty() && !into.uid_map.empty())
    return fail(errc::invalid_argument, "uidMappings are for pods with users of their own (userns_options)");
  if (!pod.uid_map.empty() && from.propagation() == v1::PROPAGATION_BIDIRECTIONAL)
    return fail(errc::invalid_argument,
                "propagation: PROPAGATION_BIDIRECTIONAL is not for pods with users of their own");
  return {};
}

/// Read-only whatever is said: so the protocol defines them.
result<mount_request> parse_image_mount(const v1::Mount& from) {
  mount_request made;
  made.type = mount_request::kind::image;
  made.source = from.image().image();
  made.target = from.container_path();
  made.sub_path = from.image_sub_path();
  made.read_only = true;
  if (made.source.empty()) return fail(errc::invalid_argument, "image.image is empty: name an image");
  if (!from.host_path().empty()) return fail(errc::invalid_argument, "host_path goes without image");
  if (!made.target.starts_with('/')) return fail(errc::invalid_argument, "container_path is absolute");
  if (from.propagation() != v1::PROPAGATION_PRIVATE)
    return fail(errc::invalid_argument, "an image volume has PROPAGATION_PRIVATE");
  if (auto good = check_sub_path(made.sub_path); !good) return within(good.error(), "image_sub_path");
  return made;
}

v1::Mount render_image_mount(const mount_request& from) {
  v1::Mount made;
  made.set_container_path(from.target);
  made.set_readonly(true);
  made.mutable_image()->set_image(from.source);
  made.set_image_sub_path(from.sub_path);
  render_mappings(from.uid_map, *made.mutable_uidmappings());
  render_mappings(from.gid_map, *made.mutable_gidmappings());
  return made;
}

} // namespace

result<mount_request> parse_mount(const v1::Mount& from, const pod_options& pod) {
  mount_request made;
  auto supported = refuse_unsupported(from);
  if (supported) supported = read_maps(from, pod, made);
  if (!supported) return within(supported.error(), "mount at {}", quote(from.container_path()));
  if (from.has_image()) {
    auto image = parse_image_mount(from);
    if (!image) return within(image.error(), "mount at {}", quote(from.container_path()));
    // As its container's own image, it belongs to the pod's users where nothing else is said.
    image->uid_map = made.uid_map.empty() ? pod.uid_map : made.uid_map;
    image->gid_map = made.gid_map.empty() ? pod.gid_map : made.gid_map;
    return image;
  }
  made.source = from.host_path();
  made.target = from.container_path();
  if (!made.source.starts_with('/') || !made.target.starts_with('/'))
    return fail(errc::invalid_argument, "mount of {} at {}: both paths are absolute", quote(made.source),
                quote(made.target));
  made.read_only = from.readonly();
  made.recursive_read_only = from.recursive_read_only();
  made.create_source = true; // the kubelet's hostPath volumes count on it
  GANTRY_LET(made.propagation, parse_propagation(from.propagation()));
  return made;
}

v1::Mount render_mount(const mount_request& from) {
  if (from.type == mount_request::kind::image) return render_image_mount(from);
  v1::Mount made;
  made.set_host_path(from.source);
  made.set_container_path(from.target);
  made.set_readonly(from.read_only);
  made.set_recursive_read_only(from.recursive_read_only);
  made.set_propagation(render_propagation(from.propagation));
  render_mappings(from.uid_map, *made.mutable_uidmappings());
  render_mappings(from.gid_map, *made.mutable_gidmappings());
  return made;
}

result<device_mapping> parse_device(const v1::Device& from) {
  device_mapping made{from.host_path(), from.container_path(), from.permissions()};
  if (made.container.empty()) made.container = made.host;
  if (made.permissions.empty()) made.permissions = "rwm";
  if (!made.host.starts_with('/') || made.permissions.find_first_not_of("rwm") != std::string::npos)
    return fail(errc::invalid_argument, "device {}: an absolute path and permissions of r, w and m are expected",
                quote(made.host));
  return made;
}

} // namespace gantry::cri
