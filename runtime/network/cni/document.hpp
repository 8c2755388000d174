#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

/// JSON that others wrote and that is passed on with all its fields. Internal to runtime/network/cni.
namespace gantry::network::cni {

using json = nlohmann::ordered_json;

/// A document whose top is an object, at most 64 deep: writing one is recursive. None for what is not that.
std::optional<json> parse_document(std::string_view text);

/// Its text; bytes that are not UTF-8 become U+FFFD.
std::string text_of(const json& document);

/// The string at `name`, empty when there is none.
std::string text_at(const json& object, const char* name);

} // namespace gantry::network::cni
