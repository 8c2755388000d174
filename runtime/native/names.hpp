#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Names of the kernel's numbers, as the runtime-spec writes them.
namespace gantry::native {

/// "RLIMIT_NOFILE" to RLIMIT_NOFILE.
std::optional<std::uint32_t> rlimit_number(std::string_view name);
std::string_view rlimit_name(std::uint32_t number);
/// "network" to CLONE_NEWNET.
std::optional<std::uint32_t> namespace_flag(std::string_view name);
/// CLONE_NEWNET to "net": the name below /proc/<pid>/ns.
const char* namespace_file(std::uint32_t flag);
/// "SIGTERM", "TERM", "term" or "15".
std::optional<int> signal_number(std::string_view name);

/// A path without ".", ".." and doubled slashes, taken as absolute: "/a/../b/" is "/b".
std::string clean_path(std::string_view path);

} // namespace gantry::native
