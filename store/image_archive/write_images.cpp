#include "store/image_archive/write_images.hpp"

#include <set>

#include <nlohmann/json.hpp>

#include "store/image_archive/blob_name.hpp"

namespace gantry::store {
namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t piece_bytes = 256u << 10;

tar_entry entry_of(std::string name, entry_kind kind, std::uint64_t size) {
  tar_entry made;
  made.name = std::move(name);
  made.kind = kind;
  made.size = size;
  made.attrs.mode = kind == entry_kind::folder ? 0755 : 0644;
  return made;
}

result<void> write_text(tar_writer& to, const char* name, const json& content) {
  auto text = content.dump();
  GANTRY_TRY(to.add(entry_of(name, entry_kind::file, text.size())));
  return to.content(text);
}

result<void> write_blob(const blob_store& from, const digest& content, tar_writer& to) {
  auto size = from.size(content);
  if (!size)
    return fail(errc::not_found,
                "blob {} is not in the store: the image was removed, or pulled when its layer was there by another "
                "blob; pull it "
                "where that is not",
                content.str());
  GANTRY_LET(auto bytes, from.open_blob(content));
  GANTRY_TRY(to.add(entry_of(blob_name(content), entry_kind::file, *size)));
  std::string piece(piece_bytes, '\0');
  for (std::uint64_t sent = 0;;) {
    GANTRY_LET(auto got, bytes->read(piece));
    if (got == 0 && sent != *size) return fail(errc::corrupt, "blob {} is cut off on the disk", content.str());
    if (got == 0) return {};
    sent += got;
    GANTRY_TRY(to.content(std::string_view(piece).substr(0, got)));
  }
}

/// Each blob once, also when images share it.
result<void> write_blobs(const blob_store& from, std::span<const saved_image> images, tar_writer& to) {
  std::set<digest> all;
  for (const auto& image : images) {
    for (const auto* one : {&image.top, &image.manifest, &image.config}) all.insert(one->content);
    for (const auto& layer : image.layers) all.insert(layer.content);
  }
  GANTRY_TRY(to.add(entry_of("blobs/", entry_kind::folder, 0)));
  std::set<digest::algorithm> algorithms;
  for (const auto& content : all)
    if (algorithms.insert(content.algo()).second)
      GANTRY_TRY(to.add(entry_of(fmt::format("blobs/{}/", to_string(content.algo())), entry_kind::folder, 0)));
  for (const auto& content : all) GANTRY_TRY(write_blob(from, content, to));
  return {};
}

json index_of(std::span<const saved_image> images) {
  json list = json::array();
  for (const auto& image : images) {
    json entry{{"mediaType", image.top.media_type}, {"digest", image.top.content.str()}, {"size", image.top.size}};
    if (image.names.empty()) list.push_back(entry);
    for (const auto& name : image.names) {
      entry["annotations"] = {{"io.containerd.image.name", name.str()},
                              {"org.opencontainers.image.ref.name", name.tag}};
      list.push_back(entry);
    }
  }
  return {{"schemaVersion", 2}, {"mediaType", media_type::oci_index}, {"manifests", list}};
}

json docker_list_of(std::span<const saved_image> images) {
  json list = json::array();
  for (const auto& image : images) {
    json tags = image.names.empty() ? json() : json::array(), layers = json::array();
    for (const auto& name : image.names) tags.push_back(name.familiar());
    for (const auto& layer : image.layers) layers.push_back(blob_name(layer.content));
    list.push_back({{"Config", blob_name(image.config.content)}, {"RepoTags", tags}, {"Layers", layers}});
  }
  return list;
}

} // namespace

result<void> write_images(const blob_store& from, std::span<const saved_image> images, byte_sink& to) {
  tar_writer tar(to);
  GANTRY_TRY(write_text(tar, "oci-layout", {{"imageLayoutVersion", "1.0.0"}}));
  GANTRY_TRY(write_text(tar, "index.json", index_of(images)));
  GANTRY_TRY(write_text(tar, "manifest.json", docker_list_of(images)));
  GANTRY_TRY(write_blobs(from, images, tar));
  return tar.finish();
}

} // namespace gantry::store
