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

void cancel(self_pointer self, const std::string& name) {
  auto found = self->state.groups.find(name);
  if (found == self->state.groups.end()) return;
  for (auto id : found->second.transfers) self->state.client->cancel(id);
  self->state.groups.erase(found);
}

} // namespace

transfer_actor::behavior_type transfer(self_pointer self, store::client_options options) {
  self->state.client = std::make_unique<store::registry_client>(std::move(options));
  return {
      [self](const fetch_manifest& request) { return get_manifest(self, request); },
      [self](const fetch_document& request) { return get_document(self, request); },
      [self](const fetch_blob& request) { get_blob(self, request); },
      [](const send_blob&) -> caf::result<sent_blob> {
        return to_caf(error{errc::unavailable, "push is not supported yet", 0});
      },
      [](const send_manifest&) -> caf::result<done> {
        return to_caf(error{errc::unavailable, "push is not supported yet", 0});
      },
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
        self->state.layer_bytes += fact.more;
        auto found = self->state.groups.find(fact.group);
        if (found != self->state.groups.end()) found->second.bytes[fact.blob] = fact.bytes;
      },
      [](const upload_ended&) {},
      [self](const read_metrics&) {
        metrics made;
        made.count("gantry_pulled_bytes_total", "Bytes of layers that came from registries.", self->state.layer_bytes);
        return made;
      },
  };
}

} // namespace gantry
