#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "messages/domain/error.hpp"

/// Units of the host's systemd (org.freedesktop.systemd1(5)), asked over its private socket: no message bus is needed.
/// Each call connects, blocks until systemd has done it (some milliseconds, `patience` at most), and may be made on any
/// thread. Errors of all: unavailable when systemd or its library is not there; its own refusal; timeout.
namespace gantry::systemd {

/// The bound on each call.
constexpr int patience_seconds = 20;

/// A property by D-Bus type: b, t, s, au, ay.
struct property {
  std::string name;
  std::variant<bool, std::uint64_t, std::string, std::vector<std::uint32_t>, std::vector<std::uint8_t>> value;
  friend bool operator==(const property&, const property&) = default;
};

/// Succeeds when there is a systemd to ask.
result<void> check_manager();

/// Starts a scope with this process in it, and delegates its cgroup (systemd.resource-control(5), Delegate=). It ends,
/// and is forgotten, with its last process. One of this name that is just ending is waited for.
result<void> start_scope(const std::string& name, const std::string& slice, pid_t process,
                         const std::vector<property>& limits);

/// Starts a slice with these limits; one that is there gets them.
result<void> start_slice(const std::string& name, const std::vector<property>& limits);

/// Until the host's next start. Errors: not_found.
result<void> set_limits(const std::string& unit, const std::vector<property>& limits);

/// Ends a unit, with its processes and the units below it. Absent is success.
result<void> stop_unit(const std::string& name);

} // namespace gantry::systemd
