#include "messages/domain/container.hpp"

#include "messages/domain/quote.hpp"

namespace gantry {

result<void> check_sub_path(std::string_view path) {
  const auto whole = fmt::format("/{}/", path);
  if (!path.starts_with('/') && whole.find("/../") == std::string::npos && path.find('\0') == std::string_view::npos)
    return {};
  return fail(errc::invalid_argument, "{} is not a relative path without \"..\"", quote(path));
}

bool is_mounted_before(const resolved_mount& mount) {
  return !mount.uid_map.empty() || (mount.type == "volume" && !mount.sub_path.empty());
}

std::string_view to_string(phase p) {
  switch (p) {
  case phase::created:
  case phase::starting:
    return "created";
  case phase::running:
    return "running";
  case phase::paused:
    return "paused";
  case phase::restarting:
    return "restarting";
  case phase::exited:
    return "exited";
  case phase::removing:
    return "removing";
  case phase::dead:
    return "dead";
  }
  return "dead";
}

} // namespace gantry
