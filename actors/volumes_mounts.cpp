#include <fcntl.h>
#include <sys/stat.h>

#include "actors/volumes.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/merged_tree.hpp"
#include "store/layer/sub_tree.hpp"
#include "store/volume/volumes.hpp"

namespace gantry::volume_steps {
namespace {

/// A container's mounts being made ready, one after the other.
struct acquisition {
  acquire_mounts request;
  std::size_t next = 0;
  acquired_mounts answer;
  caf::typed_response_promise<acquired_mounts> promise;
};
using acquisition_ptr = std::shared_ptr<acquisition>;

result<resolved_mount> resolve_bind(const mount_request& mount) {
  struct stat status {};
  if (::stat(mount.source.c_str(), &status) != 0) {
    if (!mount.create_source)
      return fail(errc::invalid_argument, "invalid mount config for type \"bind\": bind source path does not exist: {}",
                  mount.source);
    GANTRY_TRY(sys::make_directories(mount.source, 0755));
  }
  resolved_mount made;
  made.type = "bind";
  made.source = mount.source;
  made.target = mount.target;
  made.read_only = mount.read_only;
  made.propagation = mount.propagation;
  made.recursive_read_only = mount.recursive_read_only;
  made.uid_map = mount.uid_map;
  made.gid_map = mount.gid_map;
  return made;
}

/// Fills a fresh volume with what the image has at the mount point; an image that has nothing there is no error.
result<void> fill(const volumes_state& state, const acquire_mounts& request, const mount_request& mount,
                  const volume_record& volume) {
  std::vector<std::string> layers;
  for (auto folder : request.layers) layers.push_back(state.parts.paths.layer_path(folder));
  if (mount.no_copy || layers.empty()) return {};
  return sys::with_merged_tree(layers, [&](const sys::rooted_dir& tree) -> result<void> {
    auto content = tree.open_at(mount.target, O_PATH | O_DIRECTORY);
    if (!content) return {};
    GANTRY_TRY(store::copy_up(state.parts.paths, volume.name, sys::rooted_dir(std::move(*content)), mount.sub_path));
    return {};
  });
}

/// Without a writable layer, so there is nothing to prepare or to give back: its folders are mounted as they are.
result<resolved_mount> resolve_image(const volumes_state& state, const acquire_mounts& request,
                                     const mount_request& mount) {
  const auto held = request.images.find(mount.source);
  if (held == request.images.end()) return fail(errc::internal, "nobody holds the image {}", mount.source);
  resolved_mount made;
  made.type = "image";
  made.source = mount.source;
  made.target = mount.target;
  made.read_only = true;
  made.image = held->second->id;
  made.layer_folders = held->second->layer_folders;
  made.sub_path = mount.sub_path;
  made.uid_map = mount.uid_map;
  made.gid_map = mount.gid_map;
  for (auto folder : made.layer_folders) made.layers.push_back(state.parts.paths.layer_path(folder));
  if (mount.sub_path.empty()) return made;
  auto below = store::layers_at(made.layers, mount.sub_path);
  if (!below && below.error().code == errc::not_found) below.error().code = errc::invalid_argument;
  if (!below) return within(std::move(below.error()), "image mount at {}: image {}", mount.target, mount.source);
  made.layers = std::move(*below);
  return made;
}

void go_on(self_pointer self, const acquisition_ptr& work);

void give_up(self_pointer self, const acquisition_ptr& work, const error& why) {
  tell(caf::actor_cast<volumes_actor>(self), release_mounts{work->request.user, true});
  refuse(work->promise, why);
}

void use_volume(self_pointer self, const acquisition_ptr& work, const mount_request& mount,
                const volume_record& volume) {
  auto& state = self->state;
  bool fresh = describe(state, volume).users == 0;
  state.used[work->request.user].insert(volume.name);
  if (auto filled = fresh ? fill(state, work->request, mount, volume) : result<void>{}; !filled)
    return give_up(self, work, within(filled.error(), "fill volume {}", volume.name).value());
  resolved_mount used;
  used.type = "volume";
  used.name = volume.name;
  used.source = state.parts.paths.volume_data(volume.name);
  used.target = mount.target;
  used.read_only = mount.read_only;
  used.propagation = mount.propagation;
  used.anonymous = volume.anonymous;
  used.sub_path = mount.sub_path;
  work->answer.mounts.push_back(std::move(used));
  go_on(self, work);
}

void go_on(self_pointer self, const acquisition_ptr& work) {
  if (work->next == work->request.mounts.size()) {
    work->promise.deliver(std::move(work->answer));
    return;
  }
  const auto& mount = work->request.mounts[work->next++];
  if (mount.type == mount_request::kind::bind || mount.type == mount_request::kind::image) {
    const bool bind = mount.type == mount_request::kind::bind;
    auto resolved = bind ? resolve_bind(mount) : resolve_image(self->state, work->request, mount);
    if (!resolved) return give_up(self, work, resolved.error());
    work->answer.mounts.push_back(std::move(*resolved));
    return go_on(self, work);
  }
  create_volume wanted{work->request.user.ns, mount.source, mount.labels};
  create(self, wanted, [self, work, &mount](const result<volume_record>& r) {
    if (!r) return give_up(self, work, r.error());
    use_volume(self, work, mount, *r);
  });
}

void erase_unused(self_pointer self, std::vector<name_key> names, caf::typed_response_promise<done> promise) {
  while (!names.empty() && !self->state.volumes.contains(names.back())) names.pop_back();
  if (names.empty()) {
    promise.deliver(done{});
    return;
  }
  auto which = std::move(names.back());
  names.pop_back();
  erase(self, which, [self, names, promise](const result<void>& r) mutable {
    if (!r) return refuse(promise, r.error());
    erase_unused(self, names, promise);
  });
}

} // namespace

caf::result<acquired_mounts> acquire(self_pointer self, const acquire_mounts& request) {
  auto work = std::make_shared<acquisition>();
  work->request = request;
  work->promise = self->make_response_promise<acquired_mounts>();
  go_on(self, work);
  return work->promise;
}

caf::result<done> release(self_pointer self, const release_mounts& request) {
  auto& state = self->state;
  auto found = state.used.find(request.user);
  if (found == state.used.end()) return done{};
  auto names = std::move(found->second);
  state.used.erase(found);
  std::vector<name_key> unused;
  for (const auto& name : names) {
    auto volume = state.volumes.find({request.user.ns, name});
    if (volume == state.volumes.end() || !volume->second.anonymous || !request.anonymous) continue;
    if (describe(state, volume->second).users == 0) unused.push_back(volume->first);
  }
  auto promise = self->make_response_promise<done>();
  erase_unused(self, std::move(unused), promise);
  return promise;
}

} // namespace gantry::volume_steps
