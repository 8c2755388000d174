#pragma once

#include <string>
#include <string_view>

#include "messages/domain/container.hpp"
#include "messages/domain/image.hpp"
#include "messages/domain/network.hpp"
#include "messages/domain/pod.hpp"

namespace gantry {

/// The records' JSON form in meta.db (store/README.md, "Records"). A field that an older engine did not write gets its
/// default; a field that is not known is ignored, so that an older engine reads a newer record.
/// Errors of the parsers: corrupt.
std::string to_json(const container_record& r); ///< without its state, which changes more often than the rest
std::string to_json(const container_state& s);
std::string to_json(const sandbox_record& r);
std::string to_json(const pod_record& r);
std::string to_json(const image& r);
std::string to_json(const volume_record& r);
std::string to_json(const network_definition& r);
result<container_record> container_from_json(std::string_view json); ///< in the state that a record begins with
result<container_state> container_state_from_json(std::string_view json);
result<sandbox_record> sandbox_from_json(std::string_view json);
result<pod_record> pod_from_json(std::string_view json);
result<image> image_from_json(std::string_view json); ///< config is parsed again from config_json
result<volume_record> volume_from_json(std::string_view json);
result<network_definition> network_from_json(std::string_view json);

} // namespace gantry
