#include "actors/archives.hpp"
#include "runtime/stream/pipe.hpp"
#include "tests/actors/cast.hpp"
#include "tests/store/layer/tar_writer.hpp"
#include "tests/store/sample_records.hpp"

namespace gantry::test {
namespace {

/// An archiver, here on the stage's own thread: its pipes hold all that there is.
struct archive_stage : cast {
  std::shared_ptr<const store::blob_store> blobs =
      std::make_shared<const store::blob_store>(must(store::blob_store::open(folder.path())));
  archives_actor archiver =
      on.spawn(gantry::archiver, archives_parts{parts->admission, parts->images, parts->snapshot, parts->events, blobs,
                                                store::layout(folder.path())});
  byte_pipe pipe = std::make_shared<stream::pipe>();

  answer<loaded_images> load(const std::string& archive) {
    (void)pipe->write_some(archive);
    pipe->finish();
    return on.ask<loaded_images>(archiver, load_images{docker_namespace, pipe, "client"});
  }
  /// What every archiver leaves behind, however it ended.
  void check_ended() {
    CHECK(play.asked("snapshot.release_lease"));
    CHECK(on.ask<change_list>(archiver, list_changes{}).why().code == errc::unavailable); // the actor is gone
  }
  static std::string docker_archive() {
    auto list = R"([{"Config":"c","RepoTags":["a:1"],"Layers":["l"]}])";
    return tar_writer().file("c", "{}").file("l", "layer").file("manifest.json", list).finish();
  }
};

} // namespace

TEST_CASE("load: layers are leased before they are blobs, and then the image is unpacked") {
  archive_stage s;
  auto loaded = s.load(archive_stage::docker_archive()).value();
  REQUIRE(loaded.images.size() == 1);
  CHECK(loaded.images[0].names == std::vector<std::string>{"a:1"});
  CHECK(s.play.in_order("snapshot.hold_blobs", "images.unpack_image"));
  CHECK(s.blobs->has(store::digest_of("layer")));
  CHECK_FALSE(s.play.asked("snapshot.sweep_content"));
  s.check_ended();
}

TEST_CASE("load: what fails is swept, after the lease has gone") {
  archive_stage s;
  std::string archive = archive_stage::docker_archive();
  SECTION("no archive") { archive = "nothing of the kind"; }
  SECTION("no lease") { s.play.fail("snapshot.hold_blobs"); }
  SECTION("an image that cannot be unpacked") { s.play.fail("images.unpack_image"); }
  CHECK_FALSE(s.load(archive).ok());
  CHECK(s.play.in_order("snapshot.release_lease", "snapshot.sweep_content"));
  s.check_ended();
}

TEST_CASE("load: a body that breaks off is no archive") {
  archive_stage s;
  (void)s.pipe->write_some(archive_stage::docker_archive().substr(0, 700));
  s.pipe->fail({errc::unavailable, "the client has hung up", 0});
  auto loaded = s.on.ask<loaded_images>(s.archiver, load_images{docker_namespace, s.pipe, "client"});
  CHECK_THAT(loaded.why().message, contains("hung up"));
  s.check_ended();
}

TEST_CASE("save: content that has gone meanwhile is an error, and no end of the archive") {
  archive_stage s;
  *s.of = sample_image(1);
  auto saved = s.on.ask<done>(s.archiver, save_images{docker_namespace, {"alpine"}, s.pipe, "client"});
  CHECK(saved.why().code == errc::not_found);
  CHECK_THAT(saved.why().message, contains("was removed"));
  s.check_ended();
}

TEST_CASE("commit: of a container without a writable layer, the image with another config") {
  archive_stage s;
  *s.of = sample_image(1);
  commit_container request;
  auto record = std::make_shared<container_record>(sample_container(std::string(64, 'c')));
  record->state.now = phase::exited;
  record->options.read_only_rootfs = true; // nothing to pack
  request.what.view = record;
  auto made = s.on.ask<made_image>(s.archiver, request);
  CHECK(made.ok());
  CHECK(s.play.in_order("images.find_image", "images.unpack_image"));
  s.check_ended();
}

TEST_CASE("changes: of a writable layer in memory there is no telling") {
  archive_stage s;
  auto record = std::make_shared<container_record>(sample_container(std::string(64, 'c')));
  record->options.writable_memory = 1 << 20;
  auto list = s.on.ask<change_list>(s.archiver, list_changes{record, "client"});
  CHECK_THAT(list.why().message, contains("in memory"));
}

} // namespace gantry::test
