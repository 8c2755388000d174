#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "messages/domain/image.hpp"

namespace gantry {

/// What `commit` and `import` change about an image's config, as Dockerfile instructions say it (Docker Engine API,
/// "changes"). What is empty stays as it is.
struct image_changes {
  std::vector<std::string> env; ///< "NAME=value"
  std::optional<std::vector<std::string>> cmd, entrypoint;
  std::optional<std::string> user, working_dir, stop_signal;
  std::vector<std::string> volumes, exposed_ports, on_build; ///< exposed_ports: "80/tcp"
  std::map<std::string, std::string> labels;
  std::optional<healthcheck> health;

  friend bool operator==(const image_changes&, const image_changes&) = default;
};

} // namespace gantry
