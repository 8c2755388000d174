#include "messages/domain/manifest.hpp"

#include <array>
#include <limits>

#include "messages/domain/json_fields.hpp"
#include "messages/domain/quote.hpp"

namespace gantry {
namespace {

constexpr std::size_t max_layers = 500;
constexpr std::size_t max_entries = 1000;
constexpr std::uint64_t max_size = std::numeric_limits<std::int64_t>::max(); // OCI descriptor.md, "size": int64

constexpr std::string_view schema_1 = "application/vnd.docker.distribution.manifest.v1+json";
constexpr std::string_view schema_1_signed = "application/vnd.docker.distribution.manifest.v1+prettyjws";

enum class kind { manifest, index };

tl::unexpected<error> fail_schema_1() {
  return fail(errc::invalid_argument, "the registry serves a manifest of schema 1, which has no content digests and is "
                                      "obsolete since 2017: push the image again with a current tool");
}

result<kind> kind_of(std::string_view type) {
  if (type == media_type::oci_manifest || type == media_type::docker_manifest) return kind::manifest;
  if (type == media_type::oci_index || type == media_type::docker_list) return kind::index;
  if (type == schema_1 || type == schema_1_signed) return fail_schema_1();
  return fail(errc::invalid_argument, "media type {} is neither an image's manifest nor an index", quote(type));
}

/// A header's media type without parameters and spaces, lower case (RFC 9110, 8.3.1).
std::string essence(std::string_view content_type) {
  auto type = content_type.substr(0, content_type.find(';'));
  std::string made;
  for (char c : type)
    if (c != ' ' && c != '\t') made.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c);
  return made;
}

/// The one media type that header and body agree on.
result<std::string> agreed_type(json_fields& fields, std::string_view content_type) {
  auto header = essence(content_type);
  std::string body;
  fields.read("mediaType", body);
  GANTRY_TRY(fields.status());
  if (!header.empty()) GANTRY_TRY(kind_of(header)); // an unknown one is named before a contradiction is
  if (!body.empty()) GANTRY_TRY(kind_of(body));
  if (!header.empty() && !body.empty() && header != body)
    return fail(errc::corrupt, "the header says media type {} and the body says {}: refused, since each could be meant",
                quote(header), quote(body));
  if (!header.empty()) return header;
  if (!body.empty()) return body;
  return std::string(fields.has("manifests") ? media_type::oci_index : media_type::oci_manifest);
}

/// Refuses what reads as a manifest to one tool and as an index to another (CVE-2021-41190).
result<void> check_shape(json_fields& fields, kind what) {
  bool layers = fields.has("layers"), manifests = fields.has("manifests"), config = fields.has("config");
  GANTRY_TRY(fields.status());
  if (layers && manifests)
    return fail(errc::corrupt,
                "the document has both \"layers\" and \"manifests\": refused, since each could be meant");
  if (what == kind::manifest && manifests) return fail(errc::corrupt, "a manifest must not have \"manifests\"");
  if (what == kind::manifest && (!layers || !config))
    return fail(errc::corrupt, "the manifest has no \"{}\"", layers ? "config" : "layers");
  if (what == kind::index && (layers || config))
    return fail(errc::corrupt, "an index must not have \"{}\"", layers ? "layers" : "config");
  if (what == kind::index && !manifests) return fail(errc::corrupt, "the index has no \"manifests\"");
  return {};
}

result<void> check_schema(json_fields& fields) {
  std::uint64_t version = 0;
  fields.read("schemaVersion", version, 1u << 16);
  bool old = version == 1 || fields.has("fsLayers");
  GANTRY_TRY(fields.status());
  if (old) return fail_schema_1();
  if (version != 2) return fail(errc::corrupt, "\"schemaVersion\" is {}, not 2", version);
  return {};
}

result<platform> parse_platform(simdjson::dom::object object) {
  json_fields fields(object);
  platform made;
  fields.read("os", made.os);
  fields.read("architecture", made.architecture);
  fields.read("variant", made.variant);
  if (auto status = fields.status(); !status) return within(status.error(), "platform");
  return made;
}

result<descriptor> parse_descriptor(simdjson::dom::object object) {
  json_fields fields(object);
  descriptor made;
  std::string content;
  fields.read("mediaType", made.media_type);
  fields.read("digest", content);
  fields.read("size", made.size, max_size);
  fields.read("annotations", made.annotations);
  auto target = fields.object("platform");
  if (!fields.has("size") || made.media_type.empty())
    return fail(errc::corrupt, "a descriptor without {}", made.media_type.empty() ? "mediaType" : "size");
  GANTRY_TRY(fields.status());
  auto parsed = digest::parse(content);
  if (!parsed) return fail(errc::corrupt, "{}", parsed.error().message);
  made.content = std::move(*parsed);
  if (target) {
    GANTRY_LET(made.target, parse_platform(*target));
  }
  return made;
}

result<std::vector<descriptor>> parse_descriptors(json_fields& fields, std::string_view name, std::size_t limit) {
  std::vector<descriptor> list;
  auto items = fields.array(name);
  GANTRY_TRY(fields.status());
  for (auto item : *items) {
    if (list.size() == limit)
      return fail(errc::invalid_argument, "\"{}\" has more than the limit of {} entries", name, limit);
    simdjson::dom::object object;
    if (item.get(object) != simdjson::SUCCESS) return fail(errc::corrupt, "\"{}\" is not a list of objects", name);
    auto made = parse_descriptor(object);
    if (!made) return within(made.error(), "{}[{}]", name, list.size());
    list.push_back(std::move(*made));
  }
  return list;
}

/// Whether a manifest of `type` may have a config of `config`. Old Docker registries and builders left the two general
/// types in images that are pulled to this day (distribution/distribution issues 1621 and 1662).
bool is_config_type(std::string_view type, std::string_view config) {
  if (config == media_type::oci_config || config == media_type::docker_config) return true;
  return type == media_type::docker_manifest && (config == "application/octet-stream" || config == "application/json");
}

result<descriptor> parse_config_descriptor(json_fields& fields, std::string_view type) {
  auto object = fields.object("config");
  GANTRY_TRY(fields.status());
  auto made = parse_descriptor(*object);
  if (!made) return within(made.error(), "config");
  if (!is_config_type(type, made->media_type))
    return fail(errc::invalid_argument, "config: media type {} is not that of an image: this is another artifact",
                quote(made->media_type));
  if (made->size > max_config_bytes)
    return fail(errc::invalid_argument, "config: {} bytes are more than the limit of {}", made->size, max_config_bytes);
  return made;
}

result<manifest> parse_image_manifest(json_fields& fields, std::string type) {
  manifest made;
  GANTRY_LET(made.config, parse_config_descriptor(fields, type));
  GANTRY_LET(made.layers, parse_descriptors(fields, "layers", max_layers));
  for (const auto& layer : made.layers) GANTRY_TRY(layer_compression(layer.media_type));
  made.media_type = std::move(type);
  return made;
}

using parsed_document = std::variant<manifest, image_index>;

result<parsed_document> parse_document(json_fields& fields, std::string_view content_type) {
  GANTRY_LET(auto type, agreed_type(fields, content_type));
  GANTRY_LET(auto what, kind_of(type));
  GANTRY_TRY(check_schema(fields));
  GANTRY_TRY(check_shape(fields, what));
  if (what == kind::manifest) return parse_image_manifest(fields, std::move(type));
  GANTRY_LET(auto manifests, parse_descriptors(fields, "manifests", max_entries));
  return image_index{std::move(type), std::move(manifests)};
}

bool is_image(const descriptor& entry) {
  return entry.media_type == media_type::oci_manifest || entry.media_type == media_type::docker_manifest;
}

/// 0 when the entry does not fit. One that names no platform is taken when no other fits, as containerd does.
int fit(const descriptor& entry, const platform& wanted) {
  if (!is_image(entry)) return 0;
  return entry.target ? match(wanted, *entry.target) : 1;
}

std::string list_platforms(const image_index& index) {
  constexpr std::size_t max_listed = 20;
  std::string list;
  std::size_t listed = 0;
  for (const auto& entry : index.manifests) {
    if (!is_image(entry) || !entry.target || entry.target->os == "unknown") continue;
    if (++listed > max_listed) return list + ", ...";
    list += (list.empty() ? "" : ", ") + quote(entry.target->str(), 64);
  }
  return list.empty() ? "none" : list;
}

} // namespace

result<std::variant<manifest, image_index>> parse_manifest(std::string_view json, std::string_view content_type) {
  if (json.size() > max_manifest_bytes)
    return fail(errc::invalid_argument, "the manifest has {} bytes, more than the limit of {}", json.size(),
                max_manifest_bytes);
  simdjson::dom::parser parser;
  auto top = parse_object(parser, json);
  if (!top) return within(top.error(), "the manifest");
  json_fields fields(*top);
  return parse_document(fields, content_type);
}

result<descriptor> select(const image_index& index, const platform& wanted) {
  const descriptor* best = nullptr;
  int best_fit = 0;
  for (const auto& entry : index.manifests) {
    auto fits = fit(entry, wanted);
    if (fits <= best_fit) continue; // of equals the first: the spec gives the order that meaning
    best_fit = fits;
    best = &entry;
  }
  if (best != nullptr) return *best;
  return fail(errc::not_found, "the image has no variant for {}; there are: {}", quote(wanted.str()),
              list_platforms(index));
}

} // namespace gantry
