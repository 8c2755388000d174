#pragma once

#include <string>

#include "runtime/network/cni/document.hpp"
#include "runtime/network/cni/sequence.hpp"

/// What a plugin is told: its document and its variables. Internal to runtime/network/cni.
namespace gantry::network::cni {

/// The capability arguments by their names, as CONVENTIONS.md writes them; those that are empty are absent.
json capability_arguments(const runtime_arguments& from);

/// The plugin's document with what the runtime adds to it (SPEC.md, "Deriving execution configuration from plugin
/// configuration"), for stdin. Without prevResult.
json execution_document(const network_config& network, const plugin_config& plugin, const operation& what);

/// The CNI_ variables, and a PATH for what plugins run. Errors: invalid_argument for a value that would be read as
/// another.
result<std::vector<std::string>> environment_of(const operation& what, const plugin_folders& folders);

} // namespace gantry::network::cni
