#pragma once

#include <string_view>

/// What an OCI runtime says of itself by its verb `features` (runtime-spec features.md).
namespace gantry::oci {

/// Whether it puts containers into user namespaces. False for a text that is none of these documents. Mounts with
/// mapped IDs are not asked for: the monitor makes them.
bool joins_users(std::string_view features_json);

} // namespace gantry::oci
