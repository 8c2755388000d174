#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "messages/domain/error.hpp"
#include "runtime/native/container_plan.hpp"

namespace gantry::native {

/// The plan of a config.json (runtime-spec 1.0 to 1.2: config.md, config-linux.md). Pure but for libseccomp;
/// thread-safe. A seccomp object is compiled once per process and text. Some 100 microseconds. Errors: invalid_argument
/// for what can never work; `is_unsupported` for what another runtime may do.
result<container_plan> parse_plan(std::string_view config_json);

/// The plan of a `process` object alone, for an exec. Errors as parse_plan.
result<process_plan> parse_process(std::string_view process_json);

/// The plan of a `linux.resources` object alone, for an update. Errors as parse_plan.
result<resource_plan> parse_resources(std::string_view resources_json);

/// True for the error of a document that asks for something this launcher does not do; its message names the member.
/// Nothing has been made then: the caller can hand the same document to another runtime.
bool is_unsupported(const error& problem);

/// The member that keeps this document from being launched natively, or nothing.
std::optional<std::string> unsupported(std::string_view config_json);

} // namespace gantry::native
