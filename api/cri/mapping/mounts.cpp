#include "api/cri/mapping/mounts.hpp"

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
  if (from.has_image()) return fail(errc::invalid_argument, "image volumes are not supported");
  if (!from.image_sub_path().empty()) return fail(errc::invalid_argument, "image_sub_path is not supported");
  if (from.recursive_read_only() && (!from.readonly() || from.propagation() != v1::PROPAGATION_PRIVATE))
    return fail(errc::invalid_argument, "recursive_read_only goes with readonly and PROPAGATION_PRIVATE");
  if (from.uidmappings_size() != 0 || from.gidmappings_size() != 0)
    return fail(errc::invalid_argument, "id-mapped mounts (uidMappings, gidMappings) are not supported");
  if (from.mount_options_size() != 0) return fail(errc::invalid_argument, "mount_options are not supported");
  return {};
}

} // namespace

result<mount_request> parse_mount(const v1::Mount& from) {
  if (auto supported = refuse_unsupported(from); !supported)
    return within(supported.error(), "mount at {}", quote(from.container_path()));
  mount_request made;
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
  v1::Mount made;
  made.set_host_path(from.source);
  made.set_container_path(from.target);
  made.set_readonly(from.read_only);
  made.set_recursive_read_only(from.recursive_read_only);
  made.set_propagation(render_propagation(from.propagation));
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
