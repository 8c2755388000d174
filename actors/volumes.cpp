#include "actors/volumes.hpp"

#include <fmt/ranges.h>

#include "actors/engine_parts.hpp"
#include "runtime/sys/thread_name.hpp"
#include "store/volume/volumes.hpp"

namespace gantry {
namespace volume_steps {

volume_info describe(const volumes_state& state, const volume_record& record) {
  volume_info info{record, state.parts.paths.volume_data(record.name), 0};
  for (const auto& [user, names] : state.used)
    if (user.ns == record.ns && names.contains(record.name)) ++info.users;
  return info;
}

namespace {

/// A volume's folder has its name, so a name is taken for all namespaces. Empty when it is free.
std::string owner_elsewhere(const volumes_state& state, const name_key& which) {
  for (const auto& [known, record] : state.volumes)
    if (known.second == which.second && known.first != which.first) return known.first;
  return {};
}

void emit(const volumes_state& state, std::string action, const name_key& which) {
  tell(state.parts.events,
       event{which.first, event::subject::volume, std::move(action), which.second, {{"driver", "local"}}, now()});
}

} // namespace

void create(self_pointer self, const create_volume& request, std::function<void(result<volume_record>)> then) {
  auto& state = self->state;
  volume_record record{request.ns, request.name, request.name.empty(), request.labels, now()};
  if (record.anonymous) record.name = store::anonymous_volume_name();
  if (auto valid = store::check_volume_name(record.name); !valid) return then(tl::unexpected<error>(valid.error()));
  name_key which{record.ns, record.name};
  if (auto found = state.volumes.find(which); found != state.volumes.end()) return then(found->second);
  if (auto other = owner_elsewhere(state, which); !other.empty())
    return then(fail(errc::already_exists, "volume {} belongs to the namespace {}", record.name, other));
  // The record first: a folder without one is swept.
  record_changes changes{{store::put_volume{record, store::when_there::replace}}, false};
  ask<done>(self, state.parts.metadata, deadline::inner, std::move(changes),
            [self, record, which, then](const result<done>& r) {
              if (!r) return then(tl::unexpected<error>(r.error()));
              auto folder = store::create_volume_folder(self->state.parts.paths, record.name);
              if (!folder) return then(tl::unexpected<error>(folder.error()));
              self->state.volumes.emplace(which, record);
              emit(self->state, "create", which);
              then(record);
            });
}

void erase(self_pointer self, const name_key& which, std::function<void(result<void>)> then) {
  auto& paths = self->state.parts.paths;
  (void)store::mark_volume_removed(paths, which.second); // on a full disk the removal goes on all the same
  record_changes changes{{store::erase_volume{which.first, which.second}}, true};
  ask<done>(self, self->state.parts.metadata, deadline::inner, std::move(changes),
            [self, which, then](const result<done>& r) {
              if (!r) return then(tl::unexpected<error>(r.error()));
              self->state.volumes.erase(which);
              emit(self->state, "destroy", which);
              auto gone = store::retire_volume(self->state.parts.paths, which.second);
              if (!gone) return then(tl::unexpected<error>(gone.error()));
              if (!gone->empty()) self->state.parts.reap(*gone);
              then({});
            });
}

} // namespace volume_steps

namespace {

using self_pointer = volume_steps::self_pointer;

tl::unexpected<error> no_such(const std::string& name) { return fail(errc::not_found, "get {}: no such volume", name); }

result<volume_info> find(const volumes_state& state, const find_volume& request) {
  auto found = state.volumes.find({request.ns, request.name});
  if (found == state.volumes.end()) return no_such(request.name);
  return volume_steps::describe(state, found->second);
}

volume_list list(const volumes_state& state, const std::string& ns) {
  volume_list answer;
  for (const auto& [which, record] : state.volumes)
    if (which.first == ns) answer.volumes.push_back(volume_steps::describe(state, record));
  return answer;
}

caf::result<volume_info> create(self_pointer self, const create_volume& request) {
  auto promise = self->make_response_promise<volume_info>();
  volume_steps::create(self, request, [self, promise](const result<volume_record>& r) mutable {
    if (!r) return refuse(promise, r.error());
    promise.deliver(volume_steps::describe(self->state, *r));
  });
  return promise;
}

/// Ids of containers.
std::vector<std::string> users_of(const volumes_state& state, const volume_steps::name_key& which) {
  std::vector<std::string> ids;
  for (const auto& [user, names] : state.used)
    if (user.ns == which.first && names.contains(which.second)) ids.push_back(user.id);
  return ids;
}

caf::result<done> remove(self_pointer self, const remove_volume& request) {
  auto found = find(self->state, {request.ns, request.name});
  if (!found && request.force) return done{};
  if (!found) return to_caf(found.error());
  if (found->users > 0)
    return to_caf(error{errc::failed_precondition,
                        fmt::format("remove {}: volume is in use - [{}]", request.name,
                                    fmt::join(users_of(self->state, {request.ns, request.name}), ", ")),
                        0});
  auto promise = self->make_response_promise<done>();
  volume_steps::erase(self, {request.ns, request.name}, [promise](const result<void>& r) mutable {
    if (!r) return refuse(promise, r.error());
    promise.deliver(done{});
  });
  return promise;
}

} // namespace

volumes_actor::behavior_type volumes(self_pointer self, volumes_parts parts, std::vector<volume_record> found) {
  sys::name_thread("volumes");
  auto& state = self->state;
  state.parts = std::move(parts);
  for (auto& record : found) state.volumes.emplace(std::pair(record.ns, record.name), record);
  return {
      [self](const create_volume& request) { return create(self, request); },
      [self](const find_volume& request) { return to_caf(find(self->state, request)); },
      [self](const list_volumes& request) { return list(self->state, request.ns); },
      [self](const remove_volume& request) { return remove(self, request); },
      [self](const acquire_mounts& request) { return volume_steps::acquire(self, request); },
      [self](const release_mounts& request) { return volume_steps::release(self, request); },
      [self](const recover_mounts& found_again) {
        for (const auto& mount : found_again.mounts)
          if (mount.type == "volume") self->state.used[found_again.user].insert(mount.name);
      },
  };
}

} // namespace gantry
