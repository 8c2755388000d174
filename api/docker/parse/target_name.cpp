#include "api/docker/parse/target_name.hpp"

namespace gantry::docker {

result<std::optional<reference>> target_name(const query& from) {
  auto name = from.get("repo"), tag = from.get("tag");
  if (name.empty()) return std::optional<reference>();
  if (!tag.empty()) name += ":" + tag;
  GANTRY_LET(auto parsed, reference::parse(name));
  if (!parsed.content.empty()) return fail(errc::invalid_argument, "cannot give an image a name with a digest");
  return std::optional(std::move(parsed));
}

} // namespace gantry::docker
