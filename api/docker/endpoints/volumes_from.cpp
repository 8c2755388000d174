#include "api/docker/endpoints/volumes_from.hpp"

#include "api/docker/endpoints/find.hpp"
#include "messages/domain/quote.hpp"

namespace gantry::docker::endpoints {
namespace {

mount_request inherited(const resolved_mount& from, bool read_only) {
  mount_request made;
  const bool volume = from.type == "volume", image = from.type == "image";
  made.type = volume ? mount_request::kind::volume : image ? mount_request::kind::image : mount_request::kind::bind;
  made.source = volume ? from.name : image ? from.image.str() : from.source; // whatever its name means by now
  made.sub_path = from.sub_path;
  made.target = from.target;
  made.read_only = from.read_only || read_only;
  made.propagation = from.propagation;
  made.recursive_read_only = from.recursive_read_only;
  made.no_copy = true; // it was filled for its first user
  made.inherited = true;
  return made;
}

/// What the user says of the same place stands; a volume that only stands for "some volume" does not, nor does what an
/// earlier container handed on.
void add(container_options& options, mount_request mount) {
  std::erase_if(options.mounts, [&](const mount_request& other) {
    return other.target == mount.target && (other.inherited || other.from_image);
  });
  for (const auto& other : options.mounts)
    if (other.target == mount.target) return;
  options.mounts.push_back(std::move(mount));
}

} // namespace

awaitable<result<void>> inherit_volumes(context& door, container_options& options) {
  for (const auto& text : options.volumes_from) {
    const auto colon = text.find(':');
    const auto mode = colon == std::string::npos ? std::string("rw") : text.substr(colon + 1);
    if (mode != "rw" && mode != "ro")
      co_return fail(errc::invalid_argument, "invalid volumes-from {}: its mode is ro or rw", quote(text));
    GANTRY_CO_LET(auto found, co_await find(door, text.substr(0, colon)));
    for (const auto& mount : found.view->mounts) add(options, inherited(mount, mode == "ro"));
  }
  co_return result<void>();
}

} // namespace gantry::docker::endpoints
