#pragma once

#include <string>
#include <string_view>

#include "messages/domain/error.hpp"

/// Names of systemd's units for cgroups (systemd.slice(5), systemd.scope(5)), and the cgroups' paths. Pure.
namespace gantry::systemd {

/// Where a slice's cgroup is below the hierarchy's root: "a-b.slice" is "/a.slice/a-b.slice", "-.slice" is "". Of a
/// path, as the kubelet writes one, the last part counts. Errors: invalid_argument for what names no slice.
result<std::string> path_of_slice(std::string_view slice);

/// The slice `name` below another: "a.slice" and "b" are "a-b.slice". `name` has no "-", which would nest it deeper.
std::string slice_below(std::string_view slice, std::string_view name);

/// The last part of a path: a unit's name, where the path is a unit's.
std::string_view unit_of(std::string_view cgroup_path);

/// Whether a cgroup is systemd's to make. Those that Gantry makes itself have no such names: they end with an ID.
bool is_scope(std::string_view cgroup_path);
bool is_unit(std::string_view cgroup_path); ///< a scope or a slice

/// linux.cgroupsPath of a runtime that is told --systemd-cgroup: "SLICE:PREFIX:NAME", as the path of the scope
/// PREFIX-NAME.scope. No slice: system.slice. Errors: invalid_argument.
result<std::string> path_of_scope(std::string_view cgroups_path);

/// The reverse, of a path that `path_of_scope` gave.
std::string cgroups_path_of(std::string_view scope_path);

} // namespace gantry::systemd
