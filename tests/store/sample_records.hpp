#pragma once

#include <string>

#include "messages/domain/change.hpp"
#include "store/hash.hpp"

namespace gantry::test {

inline digest digest_of_number(std::uint64_t n) { return store::digest_of(std::to_string(n)); }

inline container_record sample_container(const std::string& id, const std::string& name = {},
                                         const std::string& ns = "docker") {
  container_record r;
  r.name = {ns, id};
  r.display_name = name;
  r.sandbox = r.name;
  r.options.image = "alpine";
  r.image_id = digest_of_number(1);
  return r;
}

inline image sample_image(std::uint64_t n) {
  image r;
  r.config_json =
      R"({"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]},"n":)" + std::to_string(n) + "}";
  r.id = store::digest_of(r.config_json);
  r.config = *parse_image_config(r.config_json);
  r.manifest_descriptor.media_type = media_type::oci_manifest;
  r.manifest_descriptor.content = digest_of_number(n + 1000);
  r.manifest_descriptor.size = 100;
  return r;
}

inline image_name sample_name(const std::string& text, const image& of, const std::string& ns = "docker") {
  return {ns, *reference::parse(text), of.id, of.manifest_descriptor.content};
}

} // namespace gantry::test
