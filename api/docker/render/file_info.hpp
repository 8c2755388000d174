#pragma once

#include <string>

#include "messages/files.hpp"

namespace gantry::docker {

/// The value of X-Docker-Container-Path-Stat: base64 of JSON (Docker Engine API, "ContainerArchiveInfo").
std::string path_stat_header(const file_info& of);

/// The number that Go has for a st_mode (os.FileMode).
std::uint32_t go_file_mode(mode_t mode);

} // namespace gantry::docker
