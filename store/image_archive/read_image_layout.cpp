#include <algorithm>
#include <variant>

#include "messages/domain/json_fields.hpp"
#include "messages/domain/manifest.hpp"
#include "store/image_archive/blob_name.hpp"
#include "store/image_archive/read_images.hpp"
#include "store/layer/entry_name.hpp"

// An OCI image layout: index.json, and blobs by digest.
namespace gantry::store {
namespace {

result<staging::piece> blob(const archive_contents& of, const descriptor& what) {
  GANTRY_LET(auto piece, of.file(blob_name(what.content)));
  if (piece.content != what.content)
    return fail(errc::corrupt, "blob {}: its content has the digest {}", what.content.str(), piece.content.str());
  if (piece.size != what.size)
    return fail(errc::corrupt, "blob {} has {} bytes, and its descriptor says {}", what.content.str(), piece.size,
                what.size);
  return piece;
}

result<archived_document> document(const archive_contents& of, const descriptor& what, std::size_t limit) {
  GANTRY_LET(auto piece, blob(of, what));
  auto bytes = of.pieces().read_whole(piece, limit);
  if (!bytes) return within(bytes.error(), "blob {}", what.content.str());
  return archived_document{std::move(*bytes), what.media_type, what.content};
}

/// An index may list platforms that whoever wrote the archive did not have.
result<descriptor> choose(const archive_contents& of, image_index index, const platform& host) {
  std::erase_if(index.manifests, [&](const descriptor& one) { return !of.has(blob_name(one.content)); });
  auto fits = select(index, host);
  if (fits) return fits;
  std::erase_if(index.manifests, [](const descriptor& one) { return one.target && one.target->os == "unknown"; });
  if (index.manifests.size() == 1) return index.manifests.front();
  return fits;
}

/// What docker and containerd call it: the whole name. The layout's own annotation may be a bare tag, which names
/// nothing.
std::vector<reference> names_of(const descriptor& entry) {
  for (const auto* key : {"io.containerd.image.name", "org.opencontainers.image.ref.name"}) {
    auto said = entry.annotations.find(key);
    if (said == entry.annotations.end() || said->second.find_first_of(":/") == std::string::npos) continue;
    auto parsed = reference::parse(said->second);
    if (parsed && !parsed->tag.empty()) return {{parsed->domain, parsed->repository, parsed->tag, {}}};
  }
  return {};
}

result<void> read_manifest(const archive_contents& of, const descriptor& what, archived_image& into) {
  GANTRY_LET(into.manifest, document(of, what, max_manifest_bytes));
  GANTRY_LET(auto parsed, parse_manifest(into.manifest.bytes, what.media_type));
  const auto* one = std::get_if<manifest>(&parsed);
  if (one == nullptr) return fail(errc::corrupt, "an index that lists an index is not supported");
  GANTRY_LET(into.config, document(of, one->config, max_config_bytes));
  for (const auto& layer : one->layers) {
    GANTRY_LET(auto piece, blob(of, layer));
    into.layers.push_back(std::move(piece));
  }
  return {};
}

result<archived_image> read_image(const archive_contents& of, const descriptor& entry, const platform& host) {
  archived_image made;
  made.names = names_of(entry);
  GANTRY_LET(made.top, document(of, entry, max_manifest_bytes));
  GANTRY_LET(auto parsed, parse_manifest(made.top.bytes, entry.media_type));
  auto chosen = entry;
  if (auto* index = std::get_if<image_index>(&parsed)) {
    GANTRY_LET(chosen, choose(of, std::move(*index), host));
  }
  GANTRY_TRY(read_manifest(of, chosen, made));
  return made;
}

result<void> check_version(const archive_contents& of) {
  GANTRY_LET(auto text, of.text("oci-layout", 4096));
  simdjson::dom::parser parser;
  GANTRY_LET(auto top, parse_object(parser, text));
  json_fields fields(top);
  std::string version;
  fields.read("imageLayoutVersion", version);
  GANTRY_TRY(fields.status());
  if (version.starts_with("1.")) return {};
  return fail(errc::invalid_argument, "oci-layout: version {} of the image layout is not supported",
              printable(version));
}

bool is_image(const descriptor& entry) {
  const auto& type = entry.media_type;
  bool known = type == media_type::oci_manifest || type == media_type::docker_manifest ||
               type == media_type::oci_index || type == media_type::docker_list;
  return known && !(entry.target && entry.target->os == "unknown"); // an attestation
}

} // namespace

result<std::vector<archived_image>> read_image_layout(const archive_contents& of, const platform& host) {
  GANTRY_TRY(check_version(of));
  GANTRY_LET(auto text, of.text("index.json", max_manifest_bytes));
  auto parsed = parse_manifest(text, media_type::oci_index);
  if (!parsed) return within(parsed.error(), "index.json");
  std::vector<archived_image> images;
  for (const auto& entry : std::get<image_index>(*parsed).manifests) {
    if (!is_image(entry)) continue;
    auto image = read_image(of, entry, host);
    if (!image) return within(image.error(), "image {}", entry.content.str());
    auto same =
        std::find_if(images.begin(), images.end(), [&](const auto& i) { return i.top.content == image->top.content; });
    if (same == images.end())
      images.push_back(std::move(*image));
    else
      same->names.insert(same->names.end(), image->names.begin(), image->names.end());
  }
  return images;
}

} // namespace gantry::store
