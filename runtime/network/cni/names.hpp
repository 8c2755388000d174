#pragma once

#include <string_view>

/// What may be the name of something in CNI's documents and variables (SPEC.md, "Configuration format", "Parameters").
namespace gantry::network::cni {

/// Of a network or a container: a letter or digit, then those, '_', '.' and '-'. They become parts of paths.
bool is_cni_name(std::string_view text);

/// Of a plugin: one component of a path.
bool is_program_name(std::string_view text);

/// Of a link (dev_valid_name in the kernel's net/core/dev.c): at most 15 bytes, no '/', ':' or blank.
bool is_link_name(std::string_view text);

} // namespace gantry::network::cni
