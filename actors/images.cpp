#include "actors/images.hpp"

#include "actors/engine_parts.hpp"

namespace gantry {
namespace image_steps {
namespace {

result<found_image> found(const images_state& state, const std::string& ns, const digest& id) {
  auto it = state.images.find(id);
  if (it == state.images.end()) return fail(errc::not_found, "No such image: {}", id.str());
  return found_image{it->second, names_of(state, ns, id)};
}

bool looks_like_id(const std::string& text) {
  return !text.empty() && text.size() <= 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// Only images that the namespace has a name for, or whose whole id is given, are seen.
result<found_image> find_by_id(const images_state& state, const std::string& ns, const std::string& prefix) {
  const digest* only = nullptr;
  for (const auto& [id, view] : state.images) {
    if (!id.hex().starts_with(prefix)) continue;
    if (only != nullptr) return fail(errc::invalid_argument, "image id prefix {} is ambiguous", prefix);
    only = &id;
  }
  if (only == nullptr) return fail(errc::not_found, "No such image: {}", prefix);
  return found(state, ns, *only);
}

} // namespace

std::vector<image_name> names_of(const images_state& state, const std::string& ns, const digest& id) {
  std::vector<image_name> names;
  for (const auto& [where, name] : state.names)
    if (where.first == ns && name.id == id) names.push_back(name);
  return names;
}

void show(const images_state& state) {
  auto made = std::make_shared<image_table>();
  for (const auto& [id, view] : state.images) (*made)[id].what = view;
  for (const auto& [where, name] : state.names)
    if (auto named = made->find(name.id); where.first == pods_namespace && named != made->end())
      named->second.names.push_back(name);
  state.parts.boards->images.show(std::move(made));
}

result<found_image> find(const images_state& state, const std::string& ns, const std::string& name) {
  if (name.starts_with("sha256:")) return find_by_id(state, ns, name.substr(7));
  auto parsed = reference::parse(name);
  if (parsed) {
    if (auto it = state.names.find({ns, *parsed}); it != state.names.end()) return found(state, ns, it->second.id);
    if (!parsed->content.empty()) // name@digest finds an image that was pulled by tag, too
      for (const auto& [where, known] : state.names)
        if (where.first == ns && known.name.name() == parsed->name() && known.manifest == parsed->content)
          return found(state, ns, known.id);
  }
  if (looks_like_id(name)) return find_by_id(state, ns, name);
  return fail(errc::not_found, "No such image: {}", parsed ? parsed->familiar() : name);
}

void emit(self_pointer self, const std::string& ns, std::string action, const std::string& subject,
          const std::string& name, const image_view& of) {
  event what{ns, event::subject::image, std::move(action), subject, {{"name", name}}, now()};
  if (of) what.attributes.insert(of->config.labels.begin(), of->config.labels.end());
  tell(self->state.parts.events, std::move(what));
}

void emit(self_pointer self, const std::string& ns, std::string action, const std::string& subject,
          const std::string& name) {
  auto known = find(self->state, ns, subject); // one that has been deleted has no labels any more
  emit(self, ns, std::move(action), subject, name, known ? known->what : nullptr);
}

} // namespace image_steps

namespace {

/// What has no name in any namespace, such as an image whose name went to another, is shown in docker's.
image_list list(const images_state& state, const std::string& ns) {
  std::map<digest, found_image> by_id;
  std::set<digest> named;
  for (const auto& [where, name] : state.names) named.insert(name.id);
  for (const auto& [id, view] : state.images)
    if (ns == docker_namespace && !named.contains(id)) by_id[id].what = view;
  for (const auto& [where, name] : state.names) {
    auto it = state.images.find(name.id);
    if (where.first != ns || it == state.images.end()) continue;
    auto& entry = by_id[name.id];
    entry.what = it->second;
    entry.names.push_back(name);
  }
  image_list answer;
  for (auto& [id, entry] : by_id) answer.images.push_back(std::move(entry));
  return answer;
}

/// docker says what was pulled by its name, and all else by its id. An image that a commit made is told as made, and
/// then as tagged.
void tell_of(image_steps::self_pointer self, const image_pulled& fact) {
  const auto id = fact.what->id.str();
  const bool made = fact.event == "create";
  if (made || fact.names.empty()) image_steps::emit(self, fact.ns, fact.event, id, id);
  for (const auto& name : fact.names) {
    auto subject = fact.event == "pull" ? name.name.familiar() : id;
    image_steps::emit(self, fact.ns, made ? "tag" : fact.event, subject, name.name.familiar());
  }
}

pulled_image take_over(image_steps::self_pointer self, const image_pulled& fact) {
  auto& state = self->state;
  bool changed = !state.images.contains(fact.what->id);
  state.images[fact.what->id] = fact.what;
  for (const auto& name : fact.names) {
    auto& known = state.names[{name.ns, name.name}];
    changed = changed || known.id != name.id;
    known = name;
  }
  image_steps::show(state);
  tell_of(self, fact);
  return {fact.what->id, fact.names.empty() ? fact.what->manifest_descriptor.content : fact.names.front().manifest,
          changed};
}

metrics figures(const images_state& state) {
  metrics made;
  made.gauge("gantry_images", "Images, by content.", state.images.size());
  made.gauge("gantry_pushes", "Pushes under way or waiting.", state.pushes.size());
  made.gauge("gantry_pulls", "Pulls under way or waiting.", state.pulls.size());
  made.add("gantry_pulls_total", "Pulls that ended, by how.", metric::kind::counter,
           samples_by("result", state.pulls_by_end));
  return made;
}

} // namespace

images_actor::behavior_type images(image_steps::self_pointer self, images_parts parts, std::vector<image> found,
                                   std::vector<image_name> names) {
  auto& state = self->state;
  state.parts = std::move(parts);
  for (const auto* end : {"done", "failed", "cancelled"}) state.pulls_by_end[end] = 0;
  for (auto& one : found) {
    auto id = one.id;
    state.images.emplace(id, std::make_shared<const image>(std::move(one)));
  }
  for (auto& name : names) state.names.emplace(std::pair(name.ns, name.name), name);
  image_steps::show(state);
  return {
      [self](const pull_image& request) { return image_steps::pull(self, request); },
      [self](const abandon_pull& request) { image_steps::abandon(self, request); },
      [self](const find_image& request) { return to_caf(image_steps::find(self->state, request.ns, request.name)); },
      [self](const use_image& request) {
        auto what = image_steps::find(self->state, request.ns, request.name);
        if (what) self->state.users[request.user].insert(what->what->id);
        return to_caf(std::move(what));
      },
      [self](const release_image& request) { self->state.users.erase(request.user); },
      [self](unpack_image& request) -> caf::result<pulled_image> {
        auto worker = self->state.parts.spawn_puller(caf::actor_cast<images_actor>(self));
        return self->delegate(worker, std::move(request));
      },
      [self](const push_image& request) { return image_steps::push(self, request); },
      [self](const hold_images& request) { return image_steps::hold(self, request); },
      [self](const list_images& request) { return list(self->state, request.ns); },
      [self](const tag_image& request) { return image_steps::tag(self, request); },
      [self](const remove_image& request) { return image_steps::remove(self, request); },
      [self](const image_pulled& fact) { return take_over(self, fact); },
      [self](const read_metrics&) { return figures(self->state); },
  };
}

} // namespace gantry
