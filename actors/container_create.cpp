#include <algorithm>

#include "actors/cgroup_paths.hpp"
#include "actors/container_document.hpp"
#include "actors/health_rules.hpp"
#include "actors/sandbox_of.hpp"

namespace gantry::container {
namespace {

/// A creation under way. Steps that do not need each other run at once; after a failure all is undone.
struct creation {
  create_container request;
  caf::typed_response_promise<created> promise;
  std::optional<slot> held;
  std::vector<std::string> warnings;
  std::map<std::string, image_view> mounted; ///< images that are to be, by their names in the request
  std::optional<error> failure;              ///< the first
  int open = 0;                              ///< steps that have not answered
};
using creation_ptr = std::shared_ptr<creation>;

void give_up(self_pointer self, const creation_ptr& work) {
  auto& state = self->state;
  const auto& name = state.record.name;
  if (work->held) tell(state.parts->admission, release_slot{*work->held});
  tell(state.parts->images, release_image{name});
  tell(state.parts->volumes, release_mounts{name, true});
  if (state.record.snapshot != 0) tell(state.parts->snapshot, remove_snapshot{state.record.snapshot});
  state.parts->tell_catalog(release_name{name});
  tell(state.sandbox, remove_sandbox{name});
  work->promise.deliver(to_caf(*work->failure));
  self->quit();
}

/// What a failed step is told with.
using in_words = std::function<error(error)>;
error as_it_is(error why) { return why; }

/// Asks, keeps the answer by `keep`, and when the last open step has answered goes on with `next`.
template<class Reply, class Handle, class Request, class Keep, class Next>
void step(self_pointer self, const creation_ptr& work, const Handle& to, std::chrono::seconds within_time,
          Request request, Keep keep, Next next, const in_words& words = as_it_is) {
  ++work->open;
  ask<Reply>(self, to, within_time, std::move(request), [self, work, keep, next, words](result<Reply> r) {
    if (r)
      keep(std::move(*r));
    else if (!work->failure)
      work->failure = words(std::move(r.error()));
    if (--work->open > 0) return;
    if (work->failure)
      give_up(self, work);
    else
      next(self, work);
  });
}

void finish(self_pointer self, const creation_ptr& work) {
  auto& state = self->state;
  tell(state.parts->admission, release_slot{*work->held});
  state.parts->tell_catalog(container_changed{std::make_shared<const container_record>(state.record)});
  emit(self, "create");
  work->promise.deliver(created{state.record.name, std::move(work->warnings)});
}

/// Builds the document with the namespaces still open: what is wrong with the options is said now, not at start.
result<void> check_options(container_supervisor_state& state, std::vector<std::string>& warnings) {
  const auto& config = *state.parts->config;
  GANTRY_TRY(runtime_of(config, state.record));
  GANTRY_TRY(check_cgroup_parent(config, state.record.options.cgroup_parent));
  GANTRY_LET(auto built, build_document(config, state.record, state.image->config,
                                        namespaces_to_join(state.record.options), state.device_edits));
  state.record.args = std::move(built.args);
  state.record.effective_env = std::move(built.env);
  state.record.effective_user = std::move(built.user);
  state.record.effective_working_dir = std::move(built.working_dir);
  // Kubernetes has checks of its own, and does not look at the image's.
  if (in_pod(state.record))
    state.record.effective_ids = std::move(built.ids);
  else
    state.record.effective_health = health::choose(state.record.options.health, state.image->config.health);
  warnings = std::move(built.warnings);
  state.document = std::make_unique<spec::built_spec>(std::move(built));
  return {};
}

void write_record(self_pointer self, const creation_ptr& work) {
  auto& state = self->state;
  if (auto checked = check_options(state, work->warnings); !checked) {
    work->failure = std::move(checked.error());
    return give_up(self, work);
  }
  record_changes changes;
  changes.changes.push_back(store::put_container{state.record, store::when_there::refuse});
  if (!in_pod(state.record))
    changes.changes.push_back(store::put_sandbox{sandbox_of(state.record), store::when_there::refuse});
  step<done>(
      self, work, state.parts->metadata, deadline::inner, std::move(changes), [](done) {}, finish);
}

/// The image's VOLUMEs are anonymous volumes, where the user put nothing else.
std::vector<mount_request> all_mounts(const container_options& options, const image_config& image) {
  auto mounts = options.mounts;
  for (const auto& target : image.volumes) {
    auto same = [&](const mount_request& m) { return m.target == target; };
    if (std::any_of(mounts.begin(), mounts.end(), same)) continue;
    mount_request added;
    added.type = mount_request::kind::volume;
    added.target = target;
    added.from_image = true;
    mounts.push_back(std::move(added));
  }
  std::erase_if(mounts, [](const mount_request& m) { return m.type == mount_request::kind::tmpfs; });
  return mounts;
}

void prepare_folders(self_pointer self, const creation_ptr& work) {
  auto& state = self->state;
  ++work->open; // so that neither answer, come early, ends the step
  if (auto mounts = all_mounts(state.record.options, state.image->config); !mounts.empty())
    step<acquired_mounts>(
        self, work, state.parts->volumes, deadline::inner,
        acquire_mounts{state.record.name, std::move(mounts), state.record.layers, work->mounted},
        [self](acquired_mounts got) { self->state.record.mounts = std::move(got.mounts); }, write_record);
  if (const auto& names = state.record.options.cdi_devices; !names.empty())
    step<found_devices>(
        self, work, state.parts->devices, deadline::inner, find_devices{names},
        [self](found_devices got) { self->state.device_edits = std::move(got.edits); }, write_record);
  if (!state.record.options.read_only_rootfs && state.record.options.writable_memory == 0)
    step<prepared_snapshot>(
        self, work, state.parts->snapshot, deadline::inner, prepare_snapshot{state.record.name, state.record.layers},
        [self](prepared_snapshot got) { self->state.record.snapshot = got.snapshot; }, write_record);
  if (--work->open == 0) write_record(self, work);
}

/// Not "not found": docker's client takes that for the container's own image, pulls it and tries again.
error to_be_pulled(const mount_request& mount, error why) {
  why.message = fmt::format("image mount at {}: {}", mount.target, why.message);
  if (why.code != errc::not_found) return why;
  why.code = errc::invalid_argument;
  why.message += ": pull it first";
  return why;
}

/// Images that are mounted are in use as the container's own is.
void use_mounted_images(self_pointer self, const creation_ptr& work) {
  const auto& name = self->state.record.name;
  ++work->open; // so that no answer, come early, ends the step
  for (const auto& mount : self->state.record.options.mounts)
    if (mount.type == mount_request::kind::image)
      step<found_image>(
          self, work, self->state.parts->images, deadline::inner, use_image{name.ns, mount.source, name},
          [work, source = mount.source](const found_image& got) { work->mounted[source] = got.what; }, prepare_folders,
          [mount](error why) { return to_be_pulled(mount, std::move(why)); });
  if (--work->open == 0) prepare_folders(self, work);
}

std::string log_path_of(const engine_config& config, const create_container& request) {
  const auto* ending = request.options.log.driver == "local" ? ".log" : "-json.log";
  return config.paths.container_dir(request.name) + "/" + request.name.id + ending;
}

/// What publish-all publishes is what the user and the image expose.
void add_exposed_ports(container_options& options, const image_config& image) {
  for (const auto& port : image.exposed_ports)
    if (std::find(options.exposed_ports.begin(), options.exposed_ports.end(), port) == options.exposed_ports.end())
      options.exposed_ports.push_back(port);
}

void use(container_supervisor_state& state, const found_image& found) {
  if (state.record.options.publish_all) add_exposed_ports(state.record.options, found.what->config);
  state.image = found.what;
  state.record.image_id = found.what->id;
  state.record.image_name = state.record.options.image;
  state.record.layers = found.what->layer_folders;
}

} // namespace

caf::result<created> create(self_pointer self, create_container request) {
  auto& state = self->state;
  auto work = std::make_shared<creation>();
  work->promise = self->make_response_promise<created>();
  state.record = new_record(request, state.parts->launchers.size());
  auto& memory = state.record.options.writable_memory;
  if (memory < 0) memory = state.parts->config->writable_memory;
  state.record.log_path = request.in ? request.in->log_path : log_path_of(*state.parts->config, request);
  work->request = std::move(request);
  const auto& asked = work->request;
  step<claimed>(
      self, work, state.parts->catalog, deadline::inner,
      claim_name{asked.name, asked.display_name, self, state.sandbox},
      [self](claimed got) { self->state.record.display_name = std::move(got.display_name); }, use_mounted_images);
  work->held = asked.held;
  if (!work->held)
    step<slot>(
        self, work, state.parts->admission, deadline::inner,
        acquire_slot{work_kind::creation, asked.client, self->address()}, [work](slot got) { work->held = got; },
        use_mounted_images);
  step<found_image>(
      self, work, state.parts->images, deadline::inner, use_image{asked.name.ns, asked.options.image, asked.name},
      [self](const found_image& got) { use(self->state, got); }, use_mounted_images);
  return work->promise;
}

void undo_creation(const engine_parts& parts, const key& name) {
  tell(parts.metadata, record_changes{{store::erase_container{name}, store::erase_sandbox{name}}, false});
  tell(parts.images, release_image{name});
  tell(parts.volumes, release_mounts{name, true});
  parts.tell_catalog(release_name{name});
}

} // namespace gantry::container
