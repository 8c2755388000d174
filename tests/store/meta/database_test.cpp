#include "store/meta/database.hpp"

#include "tests/store/sample_records.hpp"
#include "tests/store/temporary_folder.hpp"

using namespace gantry;
using namespace gantry::test;
using namespace gantry::store;

namespace {

/// Applies and expects the transaction as a whole to be made.
std::vector<result<void>> apply(database& db, std::vector<change> changes,
                                sys::durability how = sys::durability::cached) {
  return must(db.apply(changes, how));
}

/// Applies one change and gives its outcome.
result<void> apply_one(database& db, change c) { return apply(db, {std::move(c)}).front(); }

} // namespace

TEST_CASE("records come back as they were put, after the file was opened again") {
  temporary_folder folder;
  auto path = folder / "meta.db";
  auto one = sample_image(1);
  {
    auto db = must(database::open(path));
    sandbox_record sandbox;
    sandbox.name = {"docker", "a"};
    sandbox.network_mode = "bridge";
    pod_record pod;
    pod.name = {"k8s", "p"};
    pod.options.metadata.uid = "u";
    volume_record volume{"docker", "data", true, {{"k", "v"}}, 5};
    auto outcomes =
        apply(db, {put_image{one, {sample_name("alpine", one), sample_name("x/y:1", one, "k8s")}},
                   put_container{sample_container("a", "web")}, put_sandbox{sandbox}, put_pod{pod},
                   put_layer{{3, digest_of_number(7), 4096}},
                   put_snapshot{{9, {"docker", "a"}, snapshot_record::durability::volatile_upper}}, put_volume{volume},
                   put_network{{{"docker", "n"}, "{}"}}, put_lease{{"pull-1", lease::kind::layer, "3", 77}}});
    for (const auto& outcome : outcomes) must(outcome);
  }
  auto db = must(database::open(path));
  auto all = must(db.load_all());
  CHECK(all.problems.empty());
  REQUIRE(all.containers.size() == 1);
  CHECK(all.containers[0].display_name == "web");
  CHECK(all.containers[0].image_id == digest_of_number(1));
  REQUIRE(all.images.size() == 1);
  CHECK(all.images[0].id == one.id);
  CHECK(all.images[0].config_json == one.config_json);
  REQUIRE(all.names.size() == 2);
  CHECK(all.names[0].name.familiar() == "alpine:latest");
  CHECK(all.names[0].manifest == one.manifest_descriptor.content);
  REQUIRE(all.sandboxes.size() == 1);
  CHECK(all.sandboxes[0].network_mode == "bridge");
  REQUIRE(all.pods.size() == 1);
  CHECK(all.pods[0].options.metadata.uid == "u");
  CHECK(all.layers == std::vector<layer_record>{{3, digest_of_number(7), 4096}});
  CHECK(all.snapshots ==
        std::vector<snapshot_record>{{9, {"docker", "a"}, snapshot_record::durability::volatile_upper}});
  REQUIRE(all.volumes.size() == 1);
  CHECK(all.volumes[0].labels.at("k") == "v");
  CHECK(all.networks == std::vector<network_record>{{{"docker", "n"}, "{}"}});
  CHECK(all.leases == std::vector<lease>{{"pull-1", lease::kind::layer, "3", 77}});
}

TEST_CASE("a change that fails leaves the others of its transaction alone") {
  temporary_folder folder;
  auto db = must(database::open(folder / "meta.db"));
  auto outcomes =
      apply(db, {put_container{sample_container("a", "web")}, put_container{sample_container("b", "web")},
                 put_container{sample_container("c", "db")}, put_image_name{sample_name("alpine", sample_image(1))}});
  CHECK(outcomes[0]);
  REQUIRE_FALSE(outcomes[1]);
  CHECK(outcomes[1].error().code == errc::already_exists);
  CHECK_THAT(outcomes[1].error().message, contains("\"web\"") && contains("container a"));
  CHECK(outcomes[2]);
  REQUIRE_FALSE(outcomes[3]);
  CHECK(outcomes[3].error().code == errc::not_found);
  CHECK(must(db.load_all()).containers.size() == 2);
}

TEST_CASE("a name is free for another namespace, and again when its holder is erased in the same transaction") {
  temporary_folder folder;
  auto db = must(database::open(folder / "meta.db"));
  for (const auto& outcome :
       apply(db, {put_container{sample_container("a", "web")}, put_container{sample_container("a", "web", "k8s")},
                  erase_container{{"docker", "a"}}, put_container{sample_container("b", "web")}}))
    must(outcome);
  CHECK(must(db.load_all()).containers.size() == 2);
}

TEST_CASE("containers without a name do not collide") {
  temporary_folder folder;
  auto db = must(database::open(folder / "meta.db"));
  for (const auto& outcome : apply(db, {put_container{sample_container("a")}, put_container{sample_container("b")}}))
    must(outcome);
}

TEST_CASE("a put says what shall hold: replace, refuse or require") {
  temporary_folder folder;
  auto db = must(database::open(folder / "meta.db"));
  auto record = sample_container("a", "web");
  CHECK(apply_one(db, put_container{record, when_there::require}).error().code == errc::not_found);
  must(apply_one(db, put_container{record, when_there::refuse}));
  CHECK(apply_one(db, put_container{record, when_there::refuse}).error().code == errc::already_exists);
  record.display_name = "renamed";
  must(apply_one(db, put_container{record, when_there::require}));
  must(apply_one(db, put_container{record}));
  auto all = must(db.load_all());
  REQUIRE(all.containers.size() == 1);
  CHECK(all.containers[0].display_name == "renamed");
}

TEST_CASE("a container's state is put by itself, and only to a record that is there") {
  temporary_folder folder;
  auto db = must(database::open(folder / "meta.db"));
  auto record = sample_container("a", "web");
  record.state.now = phase::running;
  must(apply_one(db, put_container{record}));
  CHECK(must(db.load_all()).containers[0].state.now == phase::running);
  auto ended = record.state;
  ended.now = phase::exited;
  ended.exit_code = 3;
  ended.error = "it's \"why\"";
  must(apply_one(db, put_container_state{record.name, ended}));
  auto all = must(db.load_all());
  REQUIRE(all.containers.size() == 1);
  CHECK(all.containers[0].state.now == phase::exited);
  CHECK(all.containers[0].state.exit_code == 3);
  CHECK(all.containers[0].state.error == ended.error);
  CHECK(all.containers[0].display_name == "web");
  must(apply_one(db, erase_container{record.name}));
  CHECK(apply_one(db, put_container_state{record.name, ended}).error().code == errc::not_found);
  CHECK(must(db.load_all()).containers.empty());
}

TEST_CASE("erasing what is not there succeeds") {
  temporary_folder folder;
  auto db = must(database::open(folder / "meta.db"));
  for (const auto& outcome :
       apply(db,
             {erase_container{{"docker", "a"}}, erase_sandbox{{"docker", "a"}}, erase_image{digest_of_number(1)},
              erase_image_name{"docker", *reference::parse("alpine")}, erase_layer{1}, erase_snapshot{1},
              erase_volume{"docker", "v"}, erase_network{{"docker", "n"}}, erase_lease{"l"}},
             sys::durability::synced))
    must(outcome);
}

TEST_CASE("an image is not erased while a name leads to it or a container was made of it") {
  temporary_folder folder;
  auto db = must(database::open(folder / "meta.db"));
  auto one = sample_image(1);
  auto container = sample_container("a");
  container.image_id = one.id;
  apply(db, {put_image{one, {sample_name("alpine", one)}}, put_container{container}});
  auto named = apply_one(db, erase_image{one.id});
  CHECK(named.error().code == errc::failed_precondition);
  CHECK_THAT(named.error().message, contains("docker.io/library/alpine:latest"));
  must(apply_one(db, erase_image_name{"docker", *reference::parse("alpine")}));
  CHECK_THAT(apply_one(db, erase_image{one.id}).error().message, contains("in use by container docker/a"));
  must(apply_one(db, erase_image{one.id, erase_image::in_use::allow}));
  CHECK(must(db.load_all()).images.empty());
}

TEST_CASE("a name moves to another image") {
  temporary_folder folder;
  auto db = must(database::open(folder / "meta.db"));
  auto one = sample_image(1), two = sample_image(2);
  apply(db, {put_image{one, {sample_name("alpine", one)}}, put_image{two, {sample_name("alpine", two)}}});
  auto all = must(db.load_all());
  CHECK(all.images.size() == 2);
  REQUIRE(all.names.size() == 1);
  CHECK(all.names[0].id == two.id);
}

TEST_CASE("one layer has one folder, and one volume name one namespace") {
  temporary_folder folder;
  auto db = must(database::open(folder / "meta.db"));
  must(apply_one(db, put_layer{{1, digest_of_number(7), 1}}));
  CHECK(apply_one(db, put_layer{{2, digest_of_number(7), 1}}).error().code == errc::already_exists);
  must(apply_one(db, put_volume{{"docker", "data", false, {}, 0}}));
  CHECK(apply_one(db, put_volume{{"k8s", "data", false, {}, 0}}).error().code == errc::already_exists);
  CHECK(apply_one(db, put_volume{{"docker", "data", false, {}, 0}, when_there::refuse}).error().code ==
        errc::already_exists);
}

TEST_CASE("an image is put with all its names or not at all") {
  temporary_folder folder;
  auto db = must(database::open(folder / "meta.db"));
  auto one = sample_image(1);
  auto wrong = sample_name("alpine", sample_image(2)); // leads to an image that is not there
  CHECK_FALSE(apply_one(db, put_image{one, {sample_name("good", one), wrong}}));
  auto all = must(db.load_all());
  CHECK(all.images.empty());
  CHECK(all.names.empty());
}

TEST_CASE("text with quotes, NULs and any UTF-8 stays what it is") {
  temporary_folder folder;
  auto db = must(database::open(folder / "meta.db"));
  auto record = sample_container("a", "it's");
  record.options.cmd = {"'; DROP TABLE containers; --", "\xc3\xa4\xe2\x82\xac", "\"\\\n"};
  must(apply_one(db, put_container{record}));
  auto all = must(db.load_all());
  REQUIRE(all.containers.size() == 1);
  CHECK(all.containers[0].options.cmd == record.options.cmd);
}

TEST_CASE("the log shrinks by a checkpoint alone, and grows by commits") {
  temporary_folder folder;
  auto db = must(database::open(folder / "meta.db"));
  must(db.checkpoint());
  CHECK(db.log_bytes() == 0);
  must(apply_one(db, put_container{sample_container("a")}));
  CHECK(db.log_bytes() > 0);
  must(db.checkpoint());
  CHECK(db.log_bytes() == 0);
  CHECK(must(db.load_all()).containers.size() == 1);
}

TEST_CASE("thousands of records are one transaction") {
  temporary_folder folder;
  auto db = must(database::open(folder / "meta.db"));
  std::vector<change> changes;
  for (int i = 0; i < 3000; ++i) {
    auto id = std::to_string(i);
    changes.emplace_back(put_container{sample_container(id, "name-" + id)});
  }
  for (const auto& outcome : apply(db, std::move(changes))) must(outcome);
  CHECK(must(db.load_all()).containers.size() == 3000);
}

TEST_CASE("a pod's record that comes after its removal does not bring it back") {
  temporary_folder folder;
  auto db = must(database::open(folder / "meta.db"));
  pod_record pod;
  pod.name = {"k8s", "p"};
  must(apply_one(db, put_pod{pod, when_there::refuse}));
  CHECK(apply_one(db, put_pod{pod, when_there::refuse}).error().code == errc::already_exists);
  must(apply_one(db, put_pod{pod, when_there::require}));
  must(apply_one(db, erase_pod{pod.name}));
  must(apply_one(db, erase_pod{pod.name}));
  CHECK(apply_one(db, put_pod{pod, when_there::require}).error().code == errc::not_found);
  CHECK(must(db.load_all()).pods.empty());
}
