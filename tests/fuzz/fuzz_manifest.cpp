// A manifest or index as a registry might send it. The first byte chooses the header.

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "messages/domain/manifest.hpp"

using namespace gantry;

namespace {

constexpr std::array<std::string_view, 5> headers{"", media_type::oci_manifest, media_type::oci_index,
                                                  media_type::docker_manifest, media_type::docker_list};

void check(const manifest& made) {
  if (made.config.content.empty() || made.config.size > max_config_bytes || made.layers.size() > 500) std::abort();
  for (const auto& layer : made.layers)
    if (layer.content.empty() || !layer_compression(layer.media_type)) std::abort();
}

void check(const image_index& index) {
  auto chosen = select(index, {"linux", "amd64", ""});
  if (chosen && chosen->content.empty()) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view json(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto parsed = parse_manifest(json, headers[data[0] % headers.size()]);
  if (parsed) std::visit([](const auto& made) { check(made); }, *parsed);
  return 0;
}
