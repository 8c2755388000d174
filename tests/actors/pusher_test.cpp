#include "actors/pusher.hpp"

#include "tests/actors/cast.hpp"
#include "tests/store/sample_records.hpp"

namespace gantry::test {
namespace {

struct push_script {
  std::vector<send_blob> blobs;
  std::vector<send_manifest> manifests;
  std::map<digest, sent_blob::way> ways;
};

transfer_actor::behavior_type fake_registry(transfer_actor::pointer self, script* play, push_script* pushes) {
  return {
      [](const fetch_manifest&) { return fetched_document{}; },
      [](const fetch_document&) { return fetched_document{}; },
      [](const fetch_blob&) {},
      [=](const send_blob& request) {
        pushes->blobs.push_back(request);
        auto name = "send_blob " + std::to_string(pushes->blobs.size());
        return perform(self, play, name, sent_blob{pushes->ways[request.what.content]});
      },
      [=](const send_manifest& request) {
        pushes->manifests.push_back(request);
        return perform(self, play, "send_manifest", done{});
      },
      [=](const ask_progress&) {
        return transfer_progress{{{digest_of_number(501), 5}}};
      },
      [=](const cancel_group&) { play->calls.emplace_back("transfer.cancel_group"); },
      [](const document_arrived&) {},
      [](const blob_advanced&) {},
      [](const upload_ended&) {},
      [](const read_metrics&) { return metrics{}; },
  };
}

struct push_stage : cast {
  push_script pushes;
  image pushed = sample_image(1);
  pusher_actor pusher = on.spawn(gantry::pusher, pusher_parts{parts->admission, on.spawn(fake_registry, &play, &pushes),
                                                              parts->snapshot, parts->events});

  push_stage() {
    for (std::uint64_t n : {501U, 502U, 501U}) // a layer may stand twice in an image
      pushed.layers.push_back({media_type::oci_layer_gzip, digest_of_number(n), 10, {}, {}});
  }
  answer<pushed_image> push() {
    run_push work;
    work.request = {docker_namespace, must(reference::parse("localhost:5000/app:1")), {}, "p1", "client"};
    work.what.what = std::make_shared<const image>(pushed);
    work.elsewhere[digest_of_number(502)] = {"other"};
    return on.ask<pushed_image>(pusher, work);
  }
  void check_ended() {
    CHECK(play.asked("snapshot.release_lease"));
    CHECK(play.asked("transfer.cancel_group"));
    CHECK(has_free_slot(work_kind::pull));
    CHECK(push().why().code == errc::unavailable); // the actor is gone
  }
};

} // namespace

TEST_CASE("push: each layer once and the config, then the manifest") {
  push_stage s;
  s.play.held.insert("send_blob 2");
  s.pushes.ways[digest_of_number(501)] = sent_blob::way::existed;
  auto pushing = s.push();
  REQUIRE(s.pushes.blobs.size() == 3);
  CHECK(s.pushes.blobs[1].mount_from == std::vector<std::string>{"other"});
  CHECK(s.pushes.blobs[2].what.content == s.pushed.id);
  CHECK(s.pushes.manifests.empty()); // not before all that it names is there
  s.release("send_blob 2");
  auto done = pushing.value();
  CHECK(done.manifest == s.pushed.manifest_descriptor.content);
  REQUIRE(done.layers.size() == 2);
  CHECK(done.layers[0].now == layer_progress::step::exists);
  CHECK(s.pushes.manifests.at(0).what == s.pushed.manifest_descriptor);
  s.check_ended();
}

TEST_CASE("push: a blob that fails ends it, without a manifest") {
  push_stage s;
  s.play.fail("send_blob 1");
  CHECK(s.push().why().message == "send_blob 1 failed");
  CHECK(s.pushes.manifests.empty());
  s.check_ended();
}

TEST_CASE("push: one that is given up ends at once") {
  push_stage s;
  s.play.held.insert("send_blob 1");
  auto pushing = s.push();
  s.on.say(s.pusher, cancel_pull{});
  CHECK(pushing.why().code == errc::cancelled);
  s.check_ended();
}

TEST_CASE("push: progress is told of layers, once for each change") {
  push_stage s;
  std::vector<event> told;
  auto listen = [into = &told,
                 to = s.parts->events](event_subscriber_actor::pointer) -> event_subscriber_actor::behavior_type {
    return {[=](const event_batch& batch) {
      into->insert(into->end(), batch.events.begin(), batch.events.end());
      tell(to, next_events{batch.subscription});
    }};
  };
  (void)s.on.ask<subscription>(s.parts->events, subscribe_events{"", "p1", s.on.spawn(listen), 0});
  s.play.held.insert("send_blob 1");
  auto pushing = s.push();
  for (int i = 0; i < 3; ++i) s.on.advance(std::chrono::milliseconds(100));
  REQUIRE(told.size() == 2);
  CHECK(told[0].action == "pushing");
  CHECK(told[0].attributes["current"] == "5");
  s.release("send_blob 1");
  CHECK(pushing.ok());
}

} // namespace gantry::test
