#include <spdlog/spdlog.h>

#include "actors/engine_parts.hpp"
#include "actors/image_making.hpp"
#include "messages/domain/changes_of.hpp"
#include "runtime/stream/pipe.hpp"
#include "store/archive/plain_source.hpp"
#include "store/registry/url_source.hpp"

namespace gantry::archiving {
namespace {

constexpr std::size_t piece_bytes = 256u << 10;
constexpr std::chrono::milliseconds progress_interval{100};

// -- import ----------------------------------------------------------------------------------------------------------

/// A download, whose progress is told.
class told_source final : public store::byte_source {
public:
  told_source(self_pointer self, const import_image& request, std::unique_ptr<store::url_source> from)
      : self_(self), request_(request), from_(std::move(from)) {
    tell_progress();
  }

  result<std::size_t> read(std::span<char> into) override {
    GANTRY_LET(auto got, from_->read(into));
    received_ += got;
    if (got == 0 || std::chrono::steady_clock::now() - told_ >= progress_interval) tell_progress();
    return got;
  }

private:
  void tell_progress() {
    told_ = std::chrono::steady_clock::now();
    tell(self_->state.parts.events,
         event{request_.ns,
               event::subject::pull,
               "importing",
               request_.pull_id,
               {{"current", std::to_string(received_)}, {"total", std::to_string(from_->size().value_or(0))}},
               now()});
  }

  self_pointer self_;
  const import_image& request_;
  std::unique_ptr<store::url_source> from_;
  std::uint64_t received_ = 0;
  std::chrono::steady_clock::time_point told_;
};

result<std::unique_ptr<store::byte_source>> archive_of(self_pointer self, const import_image& request) {
  if (request.url.empty()) return std::make_unique<pipe_source>(request.from);
  auto still_wanted = [pipe = request.from]() -> result<void> {
    GANTRY_TRY(pipe->write_some({}));
    return {};
  };
  GANTRY_LET(auto download, store::url_source::open(request.url, std::move(still_wanted)));
  return std::make_unique<told_source>(self, request, std::move(download));
}

result<void> pack_archive(self_pointer self, store::byte_source& from, image_making& work) {
  GANTRY_LET(auto plain, store::plain_source(from));
  GANTRY_LET(work.pieces, store::staging::open(self->state.parts.paths.root()));
  GANTRY_LET(auto packer, store::layer_packer::begin(*work.pieces));
  std::string piece(piece_bytes, '\0');
  const auto most = store::layer_limits{}.max_bytes;
  for (std::uint64_t size = 0;;) {
    GANTRY_LET(auto got, plain->read(piece));
    if (got == 0) break;
    if (size += got; size > most) return fail(errc::exhausted, "the archive expands to more than {} bytes", most);
    GANTRY_TRY(packer->write(std::string_view(piece).substr(0, got)));
  }
  GANTRY_LET(work.layer, packer->end());
  return {};
}

// -- commit ----------------------------------------------------------------------------------------------------------

std::string command_of(const container_record& record) {
  std::string line;
  for (const auto& arg : record.args) line += (line.empty() ? "" : " ") + arg;
  return line;
}

result<void> pack_container(self_pointer self, const container_record& record, image_making& work) {
  GANTRY_LET(auto upper, upper_of(self->state.parts.paths, record));
  if (!upper) return {};
  GANTRY_LET(work.pieces, store::staging::open(self->state.parts.paths.root()));
  GANTRY_LET(auto packer, store::layer_packer::begin(*work.pieces));
  store::tar_writer tar(*packer);
  GANTRY_TRY(store::pack_upper(*upper, tar));
  GANTRY_LET(work.layer, packer->end());
  return {};
}

event commit_event(const commit_container& request) {
  const auto& record = *request.what.view;
  event made{record.name.ns, event::subject::container, "commit", record.name.id, record.options.labels, now()};
  made.attributes["name"] = record.display_name;
  made.attributes["image"] = record.image_name;
  made.attributes["comment"] = request.comment;
  if (request.name) made.attributes["imageRef"] = request.name->str();
  return made;
}

/// A running container stands still meanwhile, where that is wanted; it goes on whatever comes of it.
void pack_standing(self_pointer self, const commit_container& request, const making_ptr& work) {
  const auto& record = *request.what.view;
  auto pack = [self, work, view = request.what.view] { return pack_container(self, *view, *work); };
  auto go_on = [self, work](const result<void>& packed) {
    if (!packed) return fail_with(self, work, packed.error());
    make_image(self, work);
  };
  if (!request.pause || record.state.now != phase::running) return go_on(pack());
  auto container = request.what.container;
  ask<done>(self, container, deadline::monitor, pause_container{},
            [self, work, container, pack, go_on](const result<done>& paused) {
              // It has ended since, most likely, and stands still without us; dockerd goes on as well.
              if (!paused) spdlog::info("commit of a container that was not paused: {}", paused.error().message);
              auto packed = pack();
              if (paused) tell(container, unpause_container{});
              go_on(packed);
            });
}

} // namespace

caf::result<made_image> import_layer(self_pointer self, const import_image& request) {
  auto work = std::make_shared<image_making>();
  work->ns = request.ns;
  work->client = request.client;
  work->event_name = "import";
  work->name = request.name;
  work->config.target = request.target;
  work->config.changes = request.changes;
  work->config.comment = request.message;
  work->promise = self->make_response_promise<made_image>();
  if (auto from = archive_of(self, request); !from)
    fail_with(self, work, from.error());
  else if (auto packed = pack_archive(self, **from, *work); !packed)
    fail_with(self, work, unreadable(packed.error()));
  else
    make_image(self, work);
  return work->promise;
}

caf::result<made_image> commit(self_pointer self, const commit_container& request) {
  const auto& record = *request.what.view;
  auto work = std::make_shared<image_making>();
  work->ns = record.name.ns;
  work->client = request.client;
  work->event_name = "create"; // of the image; the commit is the container's
  work->name = request.name;
  work->config.changes = merged(changes_of(record.options), request.changes);
  work->config.author = request.author;
  work->config.comment = request.comment;
  work->config.created_by = command_of(record);
  work->told = commit_event(request);
  work->promise = self->make_response_promise<made_image>();
  find_image wanted{record.name.ns, record.image_id.str()};
  ask<found_image>(self, self->state.parts.images, deadline::inner, std::move(wanted),
                   [self, work, request](const result<found_image>& image) {
                     if (!image) return fail_with(self, work, image.error());
                     work->config.base = image->what->config_json;
                     work->parent = image->what->id;
                     work->below = image->what->layers;
                     pack_standing(self, request, work);
                   });
  return work->promise;
}

} // namespace gantry::archiving
