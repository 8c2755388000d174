#pragma once

#include <compare>
#include <functional>
#include <string>

namespace gantry {

/// Names a container, sandbox, volume or network: an id within a namespace ("docker", "k8s", or an embedder's own).
/// Two namespaces never see each other's things.
struct key {
  std::string ns; ///< 1 to 63 characters of [a-z0-9-]
  std::string id; ///< 64 hex digits for containers and sandboxes

  friend auto operator<=>(const key&, const key&) = default;
};

inline std::string to_string(const key& k) { return k.ns + "/" + k.id; }

/// The namespace of the Docker door.
inline constexpr auto docker_namespace = "docker";

} // namespace gantry

template<>
struct std::hash<gantry::key> {
  std::size_t operator()(const gantry::key& k) const noexcept {
    return std::hash<std::string>{}(k.ns) * 31 + std::hash<std::string>{}(k.id);
  }
};
