#include "store/image_archive/write_images.hpp"
#include "tests/store/image_archive/archive_fixture.hpp"
#include "tests/store/layer/compressed.hpp"
#include "tests/store/layer/sources.hpp"

namespace gantry::test {
namespace {

std::string docker_archive(const json& list, const std::string& config, const std::string& layer) {
  return tar_writer()
      .file("cfg.json", config)
      .file("one/layer.tar", layer)
      .symlink("two/layer.tar", "../one/layer.tar")
      .file("manifest.json", list.dump())
      .finish();
}

} // namespace

TEST_CASE("layout: an image with its name, its documents as they were, its layers by digest") {
  archive_fixture f;
  layout_maker layout;
  auto entry = layout.image({"base", "top"});
  layout.list(entry, "example.com/app:1");
  layout.list(entry, "app:2");
  auto images = must(f.images(layout.tar()));
  REQUIRE(images.size() == 1); // one image by two names
  CHECK(images[0].names.size() == 2);
  CHECK(images[0].names[0].str() == "example.com/app:1");
  CHECK(images[0].manifest.content.str() == entry["digest"]);
  CHECK(images[0].top.content == images[0].manifest.content);
  REQUIRE(images[0].layers.size() == 2);
  CHECK(images[0].layers[1].content == store::digest_of("top"));
}

TEST_CASE("layout: a bare tag names nothing") {
  archive_fixture f;
  layout_maker layout;
  layout.list(layout.image({"base"}), "latest");
  CHECK(must(f.images(layout.tar()))[0].names.empty());
}

TEST_CASE("layout: of an index the host's platform is taken, or the only one that is there") {
  archive_fixture f;
  layout_maker layout;
  auto arm = layout.image({"arm"}, "arm64"), amd = layout.image({"amd"}, "amd64");
  json index{{"schemaVersion", 2}, {"mediaType", media_type::oci_index}, {"manifests", {arm, amd}}};
  layout.list(layout.put(index.dump(), media_type::oci_index), "app:1");
  CHECK(must(f.images(layout.tar()))[0].manifest.content.str() == amd["digest"]);
  layout.blobs.erase("blobs/sha256/" + amd["digest"].get<std::string>().substr(7));
  auto images = must(f.images(layout.tar()));
  CHECK(images[0].manifest.content.str() == arm["digest"]);
  CHECK(images[0].top.bytes == index.dump());
}

TEST_CASE("layout: what contradicts itself is refused") {
  archive_fixture f;
  layout_maker layout;
  auto entry = layout.image({"base"});
  auto layer = layout_maker::name_of(store::digest_of("base"));
  std::string word;
  SECTION("a blob of other bytes") { layout.blobs[layer] = "BASE", word = "digest"; }
  SECTION("a layer that is not there") { layout.blobs.erase(layer), word = "no file"; }
  SECTION("a size that is not its own") { entry["size"] = 7, word = "descriptor says 7"; }
  SECTION("a manifest that is none") {
    entry = layout.put("[]", media_type::oci_manifest);
    word = "object";
  }
  layout.list(entry, "app:1");
  auto read = f.images(layout.tar());
  REQUIRE_FALSE(read);
  CHECK_THAT(read.error().message, contains(word));
}

TEST_CASE("docker archive: names, config and layers by path, also through links") {
  archive_fixture f;
  auto layer = tar_writer().file("x", "1").finish();
  json list = json::array();
  list.push_back({{"Config", "cfg.json"},
                  {"RepoTags", {"app:1", "localhost:5000/app:2"}},
                  {"Layers", {"one/layer.tar", "two/layer.tar"}}});
  auto images = must(f.images(docker_archive(list, R"({"os":"linux"})", layer)));
  REQUIRE(images.size() == 1);
  CHECK(images[0].names[1].str() == "localhost:5000/app:2");
  CHECK(images[0].config.content == store::digest_of(R"({"os":"linux"})")); // the image's id
  auto manifest = json::parse(images[0].manifest.bytes);
  CHECK(manifest["layers"][0]["mediaType"] == media_type::oci_layer);
  CHECK(manifest["layers"][1]["digest"] == store::digest_of(layer).str());
  auto packed = must(f.images(docker_archive(list, "{}", gzip(layer))));
  CHECK(json::parse(packed[0].manifest.bytes)["layers"][0]["mediaType"] == media_type::oci_layer_gzip);
}

TEST_CASE("docker archive: lists that are none are refused") {
  archive_fixture f;
  auto list = GENERATE(json::object(), json::array({1}), json::array({{{"RepoTags", {"a:1"}}}}),
                       json::array({{{"Config", "cfg.json"}, {"RepoTags", {"A B"}}}}),
                       json::array({{{"Config", "../cfg.json"}}}),
                       json::array({{{"Config", "cfg.json"}, {"Layers", {"none"}}}}));
  CHECK_FALSE(f.images(docker_archive(list, "{}", "")));
}

TEST_CASE("docker archive: a tar that is no archive of images is told what it may be") {
  archive_fixture f;
  CHECK_THAT(f.images(tar_writer().folder("etc").file("etc/passwd").finish()).error().message,
             contains("docker import"));
}

TEST_CASE("what is saved is read again: the same digests, by the layout and by docker's manifest.json") {
  archive_fixture f;
  layout_maker layout;
  auto entry = layout.image({"base", "top"});
  layout.list(entry, "app:1");
  auto images = must(f.images(layout.tar()));
  for (const auto* document : {&images[0].manifest, &images[0].config})
    must(f.blobs.put(document->bytes, document->content));
  must(f.pieces->keep(images[0].layers));
  store::saved_image saved;
  saved.names = images[0].names;
  saved.top =
      saved.manifest = {media_type::oci_manifest, images[0].manifest.content, images[0].manifest.bytes.size(), {}, {}};
  saved.config = {media_type::oci_config, images[0].config.content, images[0].config.bytes.size(), {}, {}};
  for (const auto& layer : images[0].layers)
    saved.layers.push_back({media_type::oci_layer, layer.content, layer.size, {}, {}});
  string_sink archive;
  must(store::write_images(f.blobs, {&saved, 1}, archive));
  auto again = must(f.images(archive.bytes));
  REQUIRE(again.size() == 1);
  CHECK(again[0].manifest.content == images[0].manifest.content);
  CHECK(again[0].names == images[0].names);
  auto old = must(store::read_docker_archive(must(f.read(archive.bytes))));
  CHECK(old[0].config.content == images[0].config.content);
  CHECK(old[0].names == images[0].names);
  CHECK(old[0].layers[1].content == store::digest_of("top"));
}

} // namespace gantry::test
