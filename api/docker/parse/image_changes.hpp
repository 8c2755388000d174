#pragma once

#include <span>
#include <string>

#include "messages/domain/image_change.hpp"

namespace gantry::docker {

/// Dockerfile instructions as `commit --change` and `import --change` allow them: CMD, ENTRYPOINT, ENV, EXPOSE,
/// HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR (Docker Engine API, "changes"). Pure. Errors:
/// invalid_argument, naming the instruction.
result<image_changes> parse_image_changes(std::span<const std::string> lines);

} // namespace gantry::docker
