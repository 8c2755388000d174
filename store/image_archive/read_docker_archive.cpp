#include <array>

#include <nlohmann/json.hpp>

#include "messages/domain/json_fields.hpp"
#include "messages/domain/manifest.hpp"
#include "store/hash.hpp"
#include "store/image_archive/read_images.hpp"
#include "store/layer/entry_name.hpp"

// What `docker save` wrote before it wrote image layouts: manifest.json names a config and layers by path. It has no
// OCI manifest: one is made of what there is, so that the image can be pushed.
namespace gantry::store {
namespace {

constexpr std::size_t max_images = 1000, max_layers = 500;

struct listed_image {
  std::string config;
  std::vector<std::string> tags, layers;
};

result<listed_image> parse_listed(simdjson::dom::element from) {
  simdjson::dom::object object;
  if (from.get(object) != simdjson::SUCCESS) return fail(errc::corrupt, "it is not a list of objects");
  json_fields fields(object);
  listed_image made;
  fields.read("Config", made.config);
  fields.read("RepoTags", made.tags);
  fields.read("Layers", made.layers);
  GANTRY_TRY(fields.status());
  if (made.config.empty()) return fail(errc::corrupt, "an image without \"Config\"");
  if (made.layers.size() > max_layers) return fail(errc::exhausted, "an image with more than {} layers", max_layers);
  return made;
}

result<std::vector<listed_image>> parse_list(std::string_view text) {
  simdjson::dom::parser parser;
  simdjson::dom::array list;
  if (parser.parse(text.data(), text.size()).get(list) != simdjson::SUCCESS)
    return fail(errc::corrupt, "it is not a JSON list");
  std::vector<listed_image> made;
  for (auto one : list) {
    if (made.size() == max_images) return fail(errc::exhausted, "it lists more than {} images", max_images);
    GANTRY_LET(auto listed, parse_listed(one));
    made.push_back(std::move(listed));
  }
  return made;
}

/// By its first bytes: the format has no media types.
result<const char*> layer_type(const staging& pieces, const staging::piece& layer) {
  using std::literals::string_view_literals::operator""sv;
  GANTRY_LET(auto from, pieces.read(layer));
  std::array<char, 6> head{};
  GANTRY_LET(auto size, from->read(head));
  std::string_view bytes(head.data(), size);
  if (bytes.starts_with("\x1f\x8b"sv)) return media_type::oci_layer_gzip;
  if (bytes.starts_with("\x28\xb5\x2f\xfd"sv)) return media_type::oci_layer_zstd;
  if (bytes.starts_with("BZh"sv) || bytes.starts_with("\xfd"
                                                      "7zXZ"sv))
    return fail(errc::invalid_argument,
                "layers compressed by bzip2 or xz have no media type: decompress it, or use gzip");
  return media_type::oci_layer;
}

nlohmann::ordered_json describe(const char* type, const digest& content, std::uint64_t size) {
  return {{"mediaType", type}, {"digest", content.str()}, {"size", size}};
}

result<archived_image> read_image(const archive_contents& of, const listed_image& listed) {
  archived_image made;
  for (const auto& tag : listed.tags) {
    GANTRY_LET(auto name, reference::parse(tag));
    if (name.tag.empty()) return fail(errc::invalid_argument, "RepoTags: {} is no tag", printable(tag));
    made.names.push_back({name.domain, name.repository, name.tag, {}});
  }
  GANTRY_LET(made.config.bytes, of.text(listed.config, max_config_bytes));
  made.config.media_type = media_type::oci_config;
  made.config.content = digest_of(made.config.bytes);
  nlohmann::ordered_json manifest{{"schemaVersion", 2}, {"mediaType", media_type::oci_manifest}};
  manifest["config"] = describe(media_type::oci_config, made.config.content, made.config.bytes.size());
  manifest["layers"] = nlohmann::ordered_json::array();
  for (const auto& path : listed.layers) {
    GANTRY_LET(auto layer, of.file(join(components(path))));
    auto type = layer_type(of.pieces(), layer);
    if (!type) return within(type.error(), "{}", printable(path));
    manifest["layers"].push_back(describe(*type, layer.content, layer.size));
    made.layers.push_back(std::move(layer));
  }
  made.manifest.bytes = manifest.dump();
  made.manifest.media_type = media_type::oci_manifest;
  made.manifest.content = digest_of(made.manifest.bytes);
  made.top = made.manifest;
  return made;
}

} // namespace

result<std::vector<archived_image>> read_docker_archive(const archive_contents& of) {
  GANTRY_LET(auto text, of.text("manifest.json", max_manifest_bytes));
  auto list = parse_list(text);
  if (!list) return within(list.error(), "manifest.json");
  std::vector<archived_image> images;
  for (const auto& listed : *list) {
    auto image = read_image(of, listed);
    if (!image) return within(image.error(), "image {}", listed.tags.empty() ? listed.config : listed.tags.front());
    images.push_back(std::move(*image));
  }
  return images;
}

} // namespace gantry::store
