#include "messages/domain/record_fields.hpp"
#include "messages/domain/record_json.hpp"

namespace gantry {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(platform, os, architecture, variant)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(descriptor, media_type, content, size, target, annotations)
// Without `config`, which is config_json, read again.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(image, id, manifest_descriptor, layers, layer_folders, unpacked_bytes,
                                                config_json, pulled_at, parent)

std::string to_json(const image& r) { return write_record(r); }

result<image> image_from_json(std::string_view json) {
  GANTRY_LET(auto record, read_record<image>(json, "an image"));
  if (record.id.empty()) return fail(errc::corrupt, "the record of an image has no id");
  auto config = parse_image_config(record.config_json);
  if (!config) return fail(errc::corrupt, "the record of image {}: {}", record.id.str(), config.error().message);
  record.config = std::move(*config);
  return record;
}

} // namespace gantry
