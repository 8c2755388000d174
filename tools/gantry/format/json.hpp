#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "messages/domain/error.hpp"

namespace gantry::cli {

/// Documents of the Engine API, in the order in which the daemon wrote them.
using json = nlohmann::ordered_json;

/// Parses one document. Errors: unavailable, naming `what`, when it is not JSON.
result<json> parse_json(std::string_view content, std::string_view what);

/// One line without a newline; bytes that are not UTF-8 are replaced, so that it never fails.
std::string to_line(const json& document);
/// Indented by `indent` spaces.
std::string to_pretty(const json& document, int indent);

/// The member at a dotted path ("State.ExitCode"); a null document when any step is missing. Never throws:
/// a reply may be of any shape.
const json& at(const json& document, std::string_view path);
/// The string at `path`; empty when there is none.
std::string text(const json& document, std::string_view path);
/// The integer at `path`; 0 when there is none.
std::int64_t number(const json& document, std::string_view path);
/// The boolean at `path`; false when there is none.
bool truth(const json& document, std::string_view path);

} // namespace gantry::cli
