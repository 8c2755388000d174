#pragma once

#include <nlohmann/json.hpp>

#include "store/blob/blob_store.hpp"
#include "store/hash.hpp"
#include "store/image_archive/read_images.hpp"
#include "tests/catch.hpp"
#include "tests/store/layer/sources.hpp"
#include "tests/store/layer/tar_writer.hpp"
#include "tests/store/temporary_folder.hpp"

namespace gantry::test {

using json = nlohmann::json;

/// A store, and archives that are read into its staging.
struct archive_fixture {
  temporary_folder root;
  store::blob_store blobs = must(store::blob_store::open(root.path()));
  std::shared_ptr<store::staging> pieces = must(store::staging::open(root.path()));

  result<store::archive_contents> read(const std::string& tar, store::archive_limits limits = {}) {
    string_source from(tar, 777);
    return store::archive_contents::read(from, pieces, limits);
  }
  result<std::vector<store::archived_image>> images(const std::string& tar) {
    GANTRY_LET(auto contents, read(tar));
    return store::read_images(contents, {"linux", "amd64", ""});
  }
};

/// An OCI image layout that a test can spoil.
struct layout_maker {
  std::map<std::string, std::string> blobs; ///< by name
  json index{{"schemaVersion", 2}, {"manifests", json::array()}};

  static std::string name_of(const digest& content) { return "blobs/sha256/" + content.hex(); }
  json put(const std::string& bytes, const std::string& type) {
    auto content = store::digest_of(bytes);
    blobs[name_of(content)] = bytes;
    return {{"mediaType", type}, {"digest", content.str()}, {"size", bytes.size()}};
  }
  /// An image with these layers; its descriptor.
  json image(const std::vector<std::string>& layers, const std::string& architecture = "amd64") {
    json config{{"os", "linux"}, {"architecture", architecture}, {"config", json::object()}};
    config["rootfs"] = {{"type", "layers"}, {"diff_ids", json::array()}};
    json manifest{{"schemaVersion", 2}, {"mediaType", media_type::oci_manifest}, {"layers", json::array()}};
    for (const auto& layer : layers) {
      config["rootfs"]["diff_ids"].push_back(store::digest_of(layer).str());
      manifest["layers"].push_back(put(layer, media_type::oci_layer));
    }
    manifest["config"] = put(config.dump(), media_type::oci_config);
    auto made = put(manifest.dump(), media_type::oci_manifest);
    made["platform"] = {{"os", "linux"}, {"architecture", architecture}};
    return made;
  }
  void list(json entry, const std::string& name = "") {
    if (!name.empty()) entry["annotations"] = {{"org.opencontainers.image.ref.name", name}};
    index["manifests"].push_back(std::move(entry));
  }
  [[nodiscard]] std::string tar() const {
    tar_writer to;
    for (const auto& [name, bytes] : blobs) to.file(name, bytes);
    to.file("index.json", index.dump()).file("oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
    return to.finish();
  }
};

} // namespace gantry::test
