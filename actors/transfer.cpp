#include "actors/transfer.hpp"

#include <cstdlib>

#include <spdlog/spdlog.h>

#include "messages/domain/manifest.hpp"
#include "store/registry/docker_config.hpp"

namespace gantry {
namespace {

using self_pointer = transfer_actor::stateful_pointer<transfer_state>;

/// What the asker showed; else what the engine's own ~/.docker/config.json says of the registry. One that names a
/// credential helper for it is no failure: anonymous is tried, and the registry's answer says the rest.
store::credentials credentials_for(const reference& name, const registry_login& login) {
  store::credentials shown{login.username, login.password, login.identity_token, login.registry_token};
  if (!shown.anonymous()) return shown;
  const char* home = std::getenv("HOME");
  auto file = store::docker_config_path(std::getenv("DOCKER_CONFIG"), home != nullptr ? home : "/root");
  auto config = store::docker_config::load(file);
  if (!config) {
    spdlog::warn("{}: {}", file, config.error().message);
    return {};
  }
  auto found = store::find_credentials(*config, name.domain, {});
  if (!found) spdlog::warn("credentials for {}: {}", name.domain, found.error().message);
  return found.value_or(store::credentials{});
}

transfer_state::group& group_of(transfer_state& state, const std::string& name) {
  auto [found, added] = state.groups.try_emplace(name);
  if (added) found->second.number = state.next_group++;
  return found->second;
}

/// A callback for the client's thread, which brings its answer back into the mailbox as document_arrived.
template<class Convert>
auto answer_later(self_pointer self, std::uint64_t request, Convert convert) {
  return [to = caf::actor_cast<caf::weak_actor_ptr>(self->address()), request, convert](auto r) {
    auto strong = to.lock();
    if (!strong) return;
    result<fetched_document> answer = tl::unexpected<error>(error{});
    if (r)
      answer = convert(std::move(*r));
    else
      answer = tl::unexpected<error>(std::move(r.error()));
    tell(caf::actor_cast<transfer_actor>(strong), document_arrived{request, std::move(answer)});
  };
}

caf::result<fetched_document> get_manifest(self_pointer self, const fetch_manifest& request) {
  auto& state = self->state;
  auto number = state.next_request++;
  auto promise = self->make_response_promise<fetched_document>();
  state.documents.emplace(number, promise);
  auto id =
      state.client->get_manifest(request.name, credentials_for(request.name, request.login),
                                 answer_later(self, number, [](store::fetched_manifest m) {
                                   return fetched_document{std::move(m.bytes), std::move(m.content_type), m.content};
                                 }));
  group_of(state, request.group).transfers.insert(id);
  return promise;
}

caf::result<fetched_document> get_document(self_pointer self, const fetch_document& request) {
  auto& state = self->state;
  auto number = state.next_request++;
  auto promise = self->make_response_promise<fetched_document>();
  state.documents.emplace(number, promise);
  auto id = state.client->get_document(request.name, request.what, max_config_bytes,
                                       credentials_for(request.name, request.login),
                                       answer_later(self, number, [what = request.what](std::string bytes) {
                                         return fetched_document{std::move(bytes), what.media_type, what.content};
                                       }));
  group_of(state, request.group).transfers.insert(id);
  return promise;
}

void get_blob(self_pointer self, const fetch_blob& request) {
  auto& group = group_of(self->state, request.group);
  auto weak = caf::actor_cast<caf::weak_actor_ptr>(self->address());
  auto blob = request.into->what().content;
  auto advance = [weak, group_name = request.group, blob,
                  told = request.into->size_on_disk()](std::uint64_t bytes) mutable {
    auto came = bytes - std::exchange(told, bytes);
    if (auto strong = weak.lock())
      tell(caf::actor_cast<transfer_actor>(strong), blob_advanced{group_name, blob, bytes, came});
  };
  auto id = self->state.client->get_blob(request.name, request.into, credentials_for(request.name, request.login),
                                         group.number, advance,
                                         [](const result<void>&) {}); // the pipe's other end hears of it
  group.transfers.insert(id);
}

// -- uploads ---------------------------------------------------------------------------------------------------------

caf::result<sent_blob> put_blob(self_pointer self, const send_blob& request) {
  auto& state = self->state;
  auto& group = group_of(state, request.group);
  auto number = state.next_request++;
  auto promise = self->make_response_promise<sent_blob>();
  state.uploads.emplace(number, promise);
  auto weak = caf::actor_cast<caf::weak_actor_ptr>(self->address());
  auto advance = [weak, group_name = request.group, blob = request.what.content,
                  told = std::uint64_t{0}](std::uint64_t bytes) mutable {
    auto more = bytes - std::min(bytes, std::exchange(told, bytes)); // a new attempt begins at 0
    if (auto strong = weak.lock())
      tell(caf::actor_cast<transfer_actor>(strong),
           blob_advanced{group_name, blob, bytes, more, blob_advanced::way::up});
  };
  auto ended = [weak, number](result<store::upload_end> how) {
    auto strong = weak.lock();
    if (!strong) return;
    result<sent_blob> answer = tl::unexpected<error>(error{});
    if (how)
      answer = sent_blob{static_cast<sent_blob::way>(*how)};
    else
      answer = tl::unexpected<error>(std::move(how.error()));
    tell(caf::actor_cast<transfer_actor>(strong), upload_ended{number, std::move(answer)});
  };
  auto from = request.mount_from.empty() ? std::string() : request.mount_from.front();
  auto id = state.client->put_blob(request.name, request.what, state.blobs->path(request.what.content), from,
                                   credentials_for(request.name, request.login), group.number, advance, ended);
  group.transfers.insert(id);
  return promise;
}

caf::result<done> put_manifest(self_pointer self, const send_manifest& request) {
  auto& state = self->state;
  auto number = state.next_request++;
  auto promise = self->make_response_promise<done>();
  state.manifests.emplace(number, promise);
  auto ended = [weak = caf::actor_cast<caf::weak_actor_ptr>(self->address()), number](const result<void>& how) {
    auto strong = weak.lock();
    if (!strong) return;
    result<sent_blob> answer = sent_blob{};
    if (!how) answer = tl::unexpected<error>(how.error());
    tell(caf::actor_cast<transfer_actor>(strong), upload_ended{number, std::move(answer)});
  };
  auto id = state.client->put_manifest(request.name, request.what, state.blobs->path(request.what.content),
                                       credentials_for(request.name, request.login), ended);
  group_of(state, request.group).transfers.insert(id);
  return promise;
}

void on_upload_ended(transfer_state& state, upload_ended& fact) {
  if (auto blob = state.uploads.extract(fact.request)) return deliver(blob.mapped(), std::move(fact.answer));
  auto manifest = state.manifests.extract(fact.request);
  if (!manifest) return;
  if (fact.answer)
    manifest.mapped().deliver(done{});
  else
    refuse(manifest.mapped(), fact.answer.error());
}

void cancel(self_pointer self, const std::string& name) {
  auto found = self->state.groups.find(name);
  if (found == self->state.groups.end()) return;
  for (auto id : found->second.transfers) self->state.client->cancel(id);
  self->state.groups.erase(found);
}

} // namespace

transfer_actor::behavior_type transfer(self_pointer self, store::client_options options,
                                       std::shared_ptr<const store::blob_store> blobs) {
  self->state.blobs = std::move(blobs);
  self->state.client = std::make_unique<store::registry_client>(std::move(options));
  return {
      [self](const fetch_manifest& request) { return get_manifest(self, request); },
      [self](const fetch_document& request) { return get_document(self, request); },
      [self](const fetch_blob& request) { get_blob(self, request); },
      [self](const send_blob& request) { return put_blob(self, request); },
      [self](const send_manifest& request) { return put_manifest(self, request); },
      [self](const ask_progress& request) {
        transfer_progress progress;
        if (auto found = self->state.groups.find(request.group); found != self->state.groups.end())
          progress.bytes.assign(found->second.bytes.begin(), found->second.bytes.end());
        return progress;
      },
      [self](const cancel_group& request) { cancel(self, request.group); },
      [self](document_arrived& arrived) {
        auto found = self->state.documents.find(arrived.request);
        if (found == self->state.documents.end()) return;
        auto promise = std::move(found->second);
        self->state.documents.erase(found);
        deliver(promise, std::move(arrived.answer));
      },
      [self](const blob_advanced& fact) {
        auto& bytes = fact.where == blob_advanced::way::up ? self->state.pushed_bytes : self->state.layer_bytes;
        bytes += fact.more;
        auto found = self->state.groups.find(fact.group);
        if (found != self->state.groups.end()) found->second.bytes[fact.blob] = fact.bytes;
      },
      [self](upload_ended& fact) { on_upload_ended(self->state, fact); },
      [self](const read_metrics&) {
        metrics made;
        made.count("gantry_pulled_bytes_total", "Bytes of layers that came from registries.", self->state.layer_bytes);
        made.count("gantry_pushed_bytes_total", "Bytes of layers and configs that went to registries.",
                   self->state.pushed_bytes);
        return made;
      },
  };
}

} // namespace gantry
