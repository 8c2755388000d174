#pragma once

#include <string>
#include <vector>

#include "messages/domain/cdi.hpp"
#include "runtime/spec/process.hpp"

/// What CDI devices change of a document, but for devices and mounts (devices.cpp, mounts.cpp). Internal to
/// runtime/spec.
namespace gantry::spec {

/// A variable that is there gets the edit's value in its place.
std::vector<std::string> edited_environment(std::vector<std::string> env, const cdi::container_edits& edits);

/// Each group once; 0 is nobody's to add (SPEC.md, "additionalGids").
void add_groups(std::vector<std::uint32_t>& groups, const cdi::container_edits& edits);

/// The `hooks` member (runtime-spec config.md, "POSIX-platform Hooks"). Errors: invalid_argument.
result<json> hooks_json(const cdi::container_edits& edits);

} // namespace gantry::spec
