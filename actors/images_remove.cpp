#include <algorithm>

#include "actors/images.hpp"

namespace gantry::image_steps {
namespace {

/// A removal under way.
struct removal {
  remove_image request;
  digest id;
  std::vector<image_name> names; ///< that go
  bool whole = false;            ///< no name is left in any namespace: the image goes too
  image_view view;               ///< its labels are told; and in case it stays
  removed_image answer;
  caf::typed_response_promise<removed_image> promise;
};
using removal_ptr = std::shared_ptr<removal>;

const key* user_of(const images_state& state, const digest& id) {
  for (const auto& [user, used] : state.users)
    if (used.contains(id)) return &user;
  return nullptr;
}

bool named_elsewhere(const images_state& state, const removal& work) {
  return std::any_of(state.names.begin(), state.names.end(), [&](const auto& entry) {
    const auto& name = entry.second;
    bool goes = std::any_of(work.names.begin(), work.names.end(),
                            [&](const image_name& n) { return n.ns == name.ns && n.name == name.name; });
    return name.id == work.id && !goes;
  });
}

/// Which names go: the one that was asked for; all of the namespace's when an id was.
result<void> choose(const images_state& state, const found_image& found, removal& work) {
  auto asked = reference::parse(work.request.name);
  for (const auto& name : found.names)
    if (asked && name.name == *asked) work.names.push_back(name);
  if (work.names.empty()) work.names = found.names;
  bool by_id = work.names.size() > 1;
  if (by_id && !work.request.force)
    return fail(errc::failed_precondition,
                "conflict: unable to delete {} (must be forced) - image is referenced in multiple repositories",
                work.id.hex().substr(0, 12));
  work.whole = !named_elsewhere(state, work);
  const auto* user = user_of(state, work.id);
  if (work.whole && user != nullptr && !work.request.force)
    return fail(errc::failed_precondition,
                "conflict: unable to remove repository reference \"{}\" (must force) - container {} is using its "
                "referenced image {}",
                work.request.name, user->id.substr(0, 12), work.id.hex().substr(0, 12));
  return {};
}

void finish(const removal_ptr& work, result<swept_content> swept) {
  if (!swept) return refuse(work->promise, swept.error());
  for (auto& layer : swept->layers) work->answer.deleted.push_back(layer);
  work->promise.deliver(std::move(work->answer));
}

/// From now on nobody finds it, so nobody begins to use it while the removal is being recorded.
void hide(images_state& state, const removal_ptr& work) {
  for (const auto& name : work->names) state.names.erase({name.ns, name.name});
  work->view = state.images.at(work->id);
  if (work->whole) state.images.erase(work->id);
  show(state);
}

/// What could not be recorded is as it was; a pull that came meanwhile has its way.
void show_again(images_state& state, const removal_ptr& work) {
  if (work->whole) state.images.emplace(work->id, work->view);
  for (const auto& name : work->names) state.names.emplace(std::pair(name.ns, name.name), name);
  show(state);
}

void forget(self_pointer self, const removal_ptr& work) {
  auto& state = self->state;
  for (const auto& name : work->names) {
    work->answer.untagged.push_back(name.name.familiar());
    emit(self, name.ns, "untag", work->id.str(), name.name.familiar(), work->view);
  }
  if (!work->whole) {
    work->promise.deliver(std::move(work->answer));
    return;
  }
  work->answer.deleted.push_back(work->id);
  emit(self, work->request.ns, "delete", work->id.str(), work->id.str());
  ask<swept_content>(self, state.parts.snapshot, deadline::inner, sweep_content{},
                     [work](result<swept_content> r) { finish(work, std::move(r)); });
}

} // namespace

caf::result<removed_image> remove(self_pointer self, const remove_image& request) {
  auto& state = self->state;
  auto found = find(state, request.ns, request.name);
  if (!found) return to_caf(found.error());
  auto work = std::make_shared<removal>();
  work->request = request;
  work->id = found->what->id;
  if (auto chosen = choose(state, *found, *work); !chosen) return to_caf(chosen.error());
  record_changes changes;
  changes.synced = true;
  for (const auto& name : work->names) changes.changes.push_back(store::erase_image_name{name.ns, name.name});
  if (work->whole) changes.changes.push_back(store::erase_image{work->id, store::erase_image::in_use::allow});
  work->promise = self->make_response_promise<removed_image>();
  hide(state, work);
  ask<done>(self, state.parts.metadata, deadline::inner, std::move(changes), [self, work](result<done> r) {
    if (r) return forget(self, work);
    show_again(self->state, work);
    refuse(work->promise, r.error());
  });
  return work->promise;
}

caf::result<done> tag(self_pointer self, const tag_image& request) {
  auto found = find(self->state, request.ns, request.source);
  if (!found) return to_caf(found.error());
  image_name name{request.ns, request.target, found->what->id,
                  found->names.empty() ? digest{} : found->names.front().manifest};
  auto promise = self->make_response_promise<done>();
  record_changes changes{{store::put_image_name{name}}, false};
  ask<done>(self, self->state.parts.metadata, deadline::inner, std::move(changes),
            [self, promise, name](result<done> r) mutable {
              if (r) {
                self->state.names[{name.ns, name.name}] = name;
                show(self->state);
                emit(self, name.ns, "tag", name.id.str(), name.name.familiar());
              }
              deliver(promise, std::move(r));
            });
  return promise;
}

} // namespace gantry::image_steps
