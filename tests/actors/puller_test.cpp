#include "actors/puller.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "tests/actors/cast.hpp"
#include "tests/store/sample_records.hpp"

namespace gantry::test {
namespace {

using documents = std::map<std::string, fetched_document>;

transfer_actor::behavior_type fake_transfer(transfer_actor::pointer self, script* play, documents* there) {
  return {
      [=](const fetch_manifest& request) {
        return perform(self, play, "transfer.fetch_manifest", (*there)[request.name.target()]);
      },
      [=](const fetch_document& request) {
        return perform(self, play, "transfer.fetch_document", (*there)[request.what.content.str()]);
      },
      [](const fetch_blob&) {},
      [](const send_blob&) { return sent_blob{}; },
      [](const send_manifest&) { return done{}; },
      [](const ask_progress&) { return transfer_progress{}; },
      [=](const cancel_group&) { play->calls.emplace_back("transfer.cancel_group"); },
      [](const document_arrived&) {},
      [](const blob_advanced&) {},
      [](const upload_ended&) {},
      [](const read_metrics&) { return metrics{}; },
  };
}

struct layers_script {
  std::vector<digest> diff_ids;
  std::set<std::size_t> dependent; ///< on the layers below
  std::vector<extract_layer> asked;
};

layer_extractor_actor::behavior_type fake_extractor(layer_extractor_actor::pointer self, script* play,
                                                    layers_script* layers) {
  return {[=](const extract_layer& request) {
    layers->asked.push_back(request);
    const auto& ids = layers->diff_ids;
    auto index = static_cast<std::size_t>(std::find(ids.begin(), ids.end(), request.diff_id) - ids.begin());
    bool dependent = layers->dependent.contains(index);
    layer_extracted made{request.folder, 100, dependent && !request.parents_known, dependent && request.parents_known};
    return perform(self, play, "extract " + std::to_string(index), made);
  }};
}

struct pull_stage : cast {
  documents there;
  layers_script layers;
  puller_actor puller;

  explicit pull_stage(std::size_t count = 3) {
    for (std::size_t i = 0; i < count; ++i) layers.diff_ids.push_back(digest_of_number(i));
    publish("latest", count);
    puller_parts with{parts->admission,
                      on.spawn(fake_transfer, &play, &there),
                      parts->snapshot,
                      parts->metadata,
                      parts->images,
                      parts->events,
                      {}};
    for (int i = 0; i < 2; ++i) with.extractors.push_back(on.spawn(fake_extractor, &play, &layers));
    puller = on.spawn(gantry::puller, with);
  }

  /// Puts an image with `count` blobs into the registry.
  void publish(const std::string& target, std::size_t count) {
    nlohmann::json settings{{"architecture", "amd64"}, {"os", "linux"}, {"config", nlohmann::json::object()}};
    settings["rootfs"] = {{"type", "layers"}, {"diff_ids", nlohmann::json::array()}};
    for (const auto& id : layers.diff_ids) settings["rootfs"]["diff_ids"].push_back(id.str());
    auto config_digest = store::digest_of(settings.dump());
    nlohmann::json manifest{{"schemaVersion", 2}, {"mediaType", media_type::oci_manifest}};
    manifest["config"] = descriptor_of(media_type::oci_config, config_digest, settings.dump().size());
    manifest["layers"] = nlohmann::json::array();
    for (std::size_t i = 0; i < count; ++i)
      manifest["layers"].push_back(descriptor_of(media_type::oci_layer_gzip, digest_of_number(i + 500), 10));
    there[target] = document(manifest, media_type::oci_manifest);
    there[config_digest.str()] = document(settings, "");
  }
  static nlohmann::json descriptor_of(const std::string& type, const digest& content, std::size_t size) {
    return {{"mediaType", type}, {"digest", content.str()}, {"size", size}};
  }
  static fetched_document document(const nlohmann::json& content, const std::string& type) {
    return {content.dump(), type, store::digest_of(content.dump())};
  }

  answer<pulled_image> pull() {
    pull_image request{docker_namespace, must(reference::parse("app")), {"linux", "amd64", ""}, {}, "p1", "client"};
    return on.ask<pulled_image>(puller, request);
  }
  /// What every pull leaves behind, however it ended.
  void check_ended() {
    CHECK(play.asked("snapshot.release_lease"));
    CHECK(play.asked("transfer.cancel_group"));
    CHECK(has_free_slot(work_kind::pull));
    CHECK(has_free_slot(work_kind::extraction));
    CHECK(pull().why().code == errc::unavailable); // the actor is gone
  }
  image recorded() {
    for (const auto& changes : play.recorded)
      if (const auto* put = std::get_if<store::put_image>(&changes.changes.front())) return put->record;
    FAIL("no image was recorded");
    return {};
  }
};

} // namespace

TEST_CASE("pull: each layer is claimed, made and recorded; then documents, record and name, in this order") {
  pull_stage s;
  CHECK(s.pull().ok());
  CHECK(s.layers.asked.size() == 3);
  CHECK(s.play.count("snapshot.commit_layer") == 3);
  CHECK(s.play.in_order("snapshot.commit_layer", "snapshot.keep_documents"));
  CHECK(s.play.in_order("snapshot.keep_documents", "metadata.put_image"));
  CHECK(s.play.in_order("metadata.put_image", "images.image_pulled"));
  CHECK(s.play.recorded.back().synced);
  CHECK(s.recorded().layer_folders.size() == 3);
  CHECK(s.recorded().unpacked_bytes == 300);
  s.check_ended();
}

TEST_CASE("pull: an index leads to the manifest of the platform that was asked for") {
  pull_stage s;
  auto of_amd64 = digest_of_number(901), of_arm64 = digest_of_number(902);
  s.there[of_amd64.str()] = s.there["latest"];
  nlohmann::json index{{"schemaVersion", 2}, {"mediaType", media_type::oci_index}};
  index["manifests"] = nlohmann::json::array();
  for (const auto& [content, architecture] : {std::pair(of_arm64, "arm64"), std::pair(of_amd64, "amd64")}) {
    auto entry = pull_stage::descriptor_of(media_type::oci_manifest, content, 100);
    entry["platform"] = {{"os", "linux"}, {"architecture", architecture}};
    index["manifests"].push_back(entry);
  }
  s.there["latest"] = pull_stage::document(index, media_type::oci_index);
  SECTION("it is there") {
    CHECK(s.pull().value().manifest == s.there["latest"].content); // the name means the index
    CHECK(s.play.count("transfer.fetch_manifest") == 2);
  }
  SECTION("an index that lists an index is refused") {
    s.there[of_amd64.str()] = s.there["latest"];
    CHECK(s.pull().why().code == errc::corrupt);
  }
  s.check_ended();
}

TEST_CASE("pull: a layer that exists is not fetched") {
  pull_stage s;
  s.play.layers_there = {s.layers.diff_ids[0], s.layers.diff_ids[2]};
  CHECK(s.pull().ok());
  REQUIRE(s.layers.asked.size() == 1);
  CHECK(s.layers.asked[0].diff_id == s.layers.diff_ids[1]);
}

TEST_CASE("pull: a layer that stands in an image twice is claimed once, and has one folder") {
  pull_stage s(2);
  s.layers.diff_ids[1] = s.layers.diff_ids[0];
  s.publish("latest", 2);
  CHECK(s.pull().ok());
  CHECK(s.play.count("snapshot.claim_layer") == 1);
  auto folders = s.recorded().layer_folders;
  CHECK(folders[0] == folders[1]);
}

TEST_CASE("pull: of a layer that came as another blob, the blob alone is fetched") {
  pull_stage s;
  s.play.layers_there = {s.layers.diff_ids[0], s.layers.diff_ids[1]};
  s.play.blobs_missing = {digest_of_number(501)};
  s.play.held.insert("extract 1");
  auto pulling = s.pull();
  REQUIRE(s.layers.asked.size() == 2);
  CHECK(s.layers.asked[0].blob.content == digest_of_number(501));
  CHECK(s.layers.asked[0].folder == 0);
  CHECK(s.layers.asked[1].diff_id == s.layers.diff_ids[2]);
  CHECK_FALSE(s.play.asked("metadata.put_image")); // an image is whole when its blobs are there
  s.release("extract 1");
  CHECK(pulling.ok());
  CHECK(s.play.count("snapshot.commit_layer") == 1);
  CHECK(s.recorded().layer_folders[1] == 11); // the one that was there
}

TEST_CASE("pull: a blob alone that another pull is fetching is waited for") {
  pull_stage s(1);
  s.play.layers_there = {s.layers.diff_ids[0]};
  s.play.blobs_missing = {digest_of_number(500)};
  s.play.failures["extract 0"] = {errc::already_exists, "it is being downloaded right now", 0};
  auto pulling = s.pull();
  CHECK_FALSE(pulling.here());
  CHECK(s.has_free_slot(work_kind::extraction)); // others may be made meanwhile
  s.play.failures.clear();
  s.on.advance(std::chrono::milliseconds(100));
  CHECK(pulling.ok());
  CHECK(s.layers.asked.size() == 2);
  s.check_ended();
}

TEST_CASE("pull: a layer that stands in an image as two blobs is made of one, and the other is kept too") {
  pull_stage s(2);
  s.layers.diff_ids[1] = s.layers.diff_ids[0];
  s.publish("latest", 2);
  CHECK(s.pull().ok());
  CHECK(s.play.in_order("snapshot.hold_blobs", "metadata.put_image"));
  REQUIRE(s.layers.asked.size() == 2);
  CHECK(s.layers.asked[0].folder != 0);
  CHECK(s.layers.asked[1].blob.content == digest_of_number(501));
  CHECK(s.layers.asked[1].folder == 0);
  CHECK(s.recorded().layer_folders[0] == s.recorded().layer_folders[1]);
}

TEST_CASE("pull: a layer that fails cancels the others, and its error is the pull's") {
  pull_stage s(4);
  s.play.held.insert("extract 0");
  s.play.fail("extract 1");
  auto pulling = s.pull();
  CHECK(s.play.asked("transfer.cancel_group"));
  CHECK_FALSE(s.play.asked("extract 2")); // not begun any more
  s.release("extract 0");
  CHECK(pulling.why().message == "extract 1 failed");
  CHECK_FALSE(s.play.asked("metadata.put_image"));
  s.check_ended();
}

TEST_CASE("pull: no more layers at once than there are extractors") {
  pull_stage s(5);
  for (int i = 0; i < 5; ++i) s.play.held.insert("extract " + std::to_string(i));
  auto pulling = s.pull();
  CHECK(s.layers.asked.size() == 2);
  s.release("extract 0");
  CHECK(s.layers.asked.size() == 3);
  for (int i = 1; i < 5; ++i) s.release("extract " + std::to_string(i));
  CHECK(pulling.ok());
}

TEST_CASE("pull: layers that need their parents follow them, base first, and are kept by chainID") {
  pull_stage s(4);
  s.layers.dependent = {1, 3};
  CHECK(s.pull().ok());
  REQUIRE(s.layers.asked.size() == 6); // four at once, then two in turn
  const auto &first = s.layers.asked[4], &second = s.layers.asked[5];
  CHECK(first.diff_id == s.layers.diff_ids[1]);
  CHECK(second.diff_id == s.layers.diff_ids[3]);
  CHECK(first.parents_known);
  auto folders = s.recorded().layer_folders;
  CHECK(first.parents == std::vector<std::uint64_t>{folders[0]});
  CHECK(second.parents == std::vector<std::uint64_t>{folders[2], folders[1], folders[0]});
  CHECK(s.play.in_order("extract 1", "extract 3"));
}

TEST_CASE("pull: a config that lists other layers than its manifest is refused before anything is fetched") {
  pull_stage s(3);
  s.publish("latest", 2);
  auto refused = s.pull();
  CHECK(refused.why().code == errc::corrupt);
  CHECK_THAT(refused.why().message, contains("2 layers"));
  CHECK_FALSE(s.play.asked("snapshot.claim_layer"));
  s.check_ended();
}

TEST_CASE("pull: what fails at any step releases all that was held") {
  pull_stage s;
  std::string step;
  for (const auto* one :
       {"transfer.fetch_manifest", "transfer.fetch_document", "snapshot.claim_layer", "snapshot.commit_layer",
        "snapshot.keep_documents", "metadata.put_image", "images.image_pulled"})
    SECTION(one) { step = one; }
  if (step.empty()) return;
  s.play.fail(step);
  CHECK(s.pull().why().code == errc::unavailable);
  s.check_ended();
}

TEST_CASE("pull: waits for its turn as long as it takes") {
  pull_stage s;
  auto holder = s.on.spawn([](caf::event_based_actor*) -> caf::behavior { return {[](int) {}}; });
  (void)s.on.ask<slot>(s.parts->admission, acquire_slot{work_kind::pull, "other", holder.address()});
  auto pulling = s.pull();
  for (int i = 0; i < 3; ++i) s.on.advance(std::chrono::minutes(10));
  CHECK_FALSE(pulling.here());
  s.on.crash(holder);
  CHECK(pulling.ok());
}

TEST_CASE("pull: one that is given up ends at once") {
  pull_stage s;
  s.play.held.insert("transfer.fetch_manifest");
  auto pulling = s.pull();
  s.on.say(s.puller, cancel_pull{});
  CHECK(pulling.why().code == errc::cancelled);
  s.check_ended();
}

TEST_CASE("pull: progress goes to each who listens, a late one hears of every layer") {
  pull_stage s;
  std::vector<event> late;
  for (int i = 0; i < 3; ++i) s.play.held.insert("extract " + std::to_string(i));
  auto subscribe = [&](const std::string& id, std::vector<event>* into) {
    auto listen = [into,
                   to = s.parts->events](event_subscriber_actor::pointer) -> event_subscriber_actor::behavior_type {
      return {[=](const event_batch& batch) {
        into->insert(into->end(), batch.events.begin(), batch.events.end());
        tell(to, next_events{batch.subscription});
      }};
    };
    (void)s.on.ask<subscription>(s.parts->events, subscribe_events{"", id, s.on.spawn(listen), 0});
  };
  std::vector<event> first;
  subscribe("p1", &first);
  subscribe("p2", &late);
  auto pulling = s.pull();
  s.on.advance(std::chrono::milliseconds(100));
  CHECK(first.size() == 3);
  s.on.advance(std::chrono::milliseconds(100));
  CHECK(first.size() == 3); // nothing has changed
  s.on.say(s.puller, join_pull{"p2"});
  s.on.advance(std::chrono::milliseconds(100));
  CHECK(late.size() == 3);
  for (int i = 0; i < 3; ++i) s.release("extract " + std::to_string(i));
  CHECK(pulling.ok());
  CHECK(late.back().action == "done");
}

} // namespace gantry::test
