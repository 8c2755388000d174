#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/cdi.hpp"

namespace gantry::cdi {

struct device {
  std::string name; ///< within the file's kind
  container_edits edits;
};

/// What a file says of the devices of one kind (CDI's SPEC.md, "CDI JSON Specification").
struct spec_file {
  device_name kind;      ///< without a name
  container_edits edits; ///< once for a container that has any of the devices
  std::vector<device> devices;
};

enum class format : std::uint8_t { json, yaml };

/// Versions 0.3.0 to 1.0.0. Errors: corrupt when it is not of the format; invalid_argument naming the field, for one
/// that the version does not have too.
result<spec_file> read_spec(std::string_view text, format how);

} // namespace gantry::cdi
