#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/error.hpp"

/// Devices of the Container Device Interface (cncf-tags/container-device-interface, SPEC.md).
namespace gantry::cdi {

/// What a user writes for a device, taken apart: "vendor.com/class=name".
struct device_name {
  std::string vendor, device_class, name;
  friend auto operator<=>(const device_name&, const device_name&) = default;
};

/// Errors: invalid_argument, saying which part is not of its form.
result<device_name> parse_device_name(std::string_view text);
/// "vendor.com/class". Errors as above.
result<device_name> parse_kind(std::string_view text);
std::string to_string(const device_name& name);

/// A device node to make in the container. What is not said is as the host's node has it.
struct device_node {
  std::string path;        ///< in the container
  std::string host_path;   ///< empty: the same
  std::string type;        ///< "b", "c", "u" or "p"; empty: the host's
  std::int64_t major = 0;  ///< 0: the host's
  std::int64_t minor = 0;  ///< of `major`
  std::string permissions; ///< of "rwm"; empty: all
  std::optional<std::uint32_t> file_mode, uid, gid;
  friend bool operator==(const device_node&, const device_node&) = default;
};

struct mount {
  std::string host_path, container_path;
  std::string type; ///< empty: a bind
  std::vector<std::string> options;
  friend bool operator==(const mount&, const mount&) = default;
};

/// A program that the OCI runtime runs on the way (runtime-spec config.md, "POSIX-platform Hooks").
struct hook {
  std::string when; ///< "prestart", "createRuntime", "createContainer", "startContainer", "poststart" or "poststop"
  std::string path;
  std::vector<std::string> args, env;
  std::optional<std::int64_t> timeout; ///< seconds
  friend bool operator==(const hook&, const hook&) = default;
};

/// What devices change in a container's config.json, in the order in which it is to be done.
struct container_edits {
  std::vector<std::string> env; ///< "NAME=value"
  std::vector<device_node> device_nodes;
  std::vector<mount> mounts;
  std::vector<hook> hooks;
  std::vector<std::uint32_t> additional_gids;
  bool intel_rdt = false; ///< asked for: no container can have it here

  [[nodiscard]] bool empty() const { return *this == container_edits(); }
  /// Those of `other` are done after these.
  void append(const container_edits& other);
  friend bool operator==(const container_edits&, const container_edits&) = default;
};

} // namespace gantry::cdi
