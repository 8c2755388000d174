// An image's config as a registry might send it, and a record as a damaged database might hold it.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "messages/domain/record_json.hpp"

using namespace gantry;

namespace {

void check_config(std::string_view json) {
  auto parsed = parse_image_config(json);
  if (!parsed) return;
  for (const auto& diff_id : parsed->diff_ids)
    if (diff_id.empty()) std::abort();
  for (const auto& variable : parsed->env)
    if (variable.find('\0') != std::string::npos) std::abort();
  if (parsed->health && (parsed->health->retries < 0 || parsed->health->interval.count() < 0)) std::abort();
}

/// What was read is written and read the same.
template<class Parse>
void check_record(std::string_view json, Parse parse) {
  auto read = parse(json);
  if (!read) return;
  auto text = to_json(*read);
  auto again = parse(text);
  if (!again || to_json(*again) != text) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view json(reinterpret_cast<const char*>(data), size);
  check_config(json);
  check_record(json, container_from_json);
  check_record(json, container_state_from_json);
  check_record(json, sandbox_from_json);
  check_record(json, volume_from_json);
  check_record(json, image_from_json);
  return 0;
}
