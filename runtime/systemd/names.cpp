#include "runtime/systemd/names.hpp"

#include <algorithm>

namespace gantry::systemd {
namespace {

constexpr std::string_view slice_suffix = ".slice", scope_suffix = ".scope";
constexpr std::size_t longest_name = 255; ///< a unit's, and a folder's

/// systemd.unit(5), "Unit names".
bool is_allowed(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view(":-_.\\@").find(c) != std::string_view::npos;
}

result<void> check_name(std::string_view name) {
  if (name.empty() || name.size() > longest_name || !std::all_of(name.begin(), name.end(), is_allowed))
    return fail(errc::invalid_argument, "'{}' is no name of a systemd unit", name.substr(0, longest_name));
  return {};
}

} // namespace

std::string_view unit_of(std::string_view cgroup_path) { return cgroup_path.substr(cgroup_path.rfind('/') + 1); }

bool is_scope(std::string_view cgroup_path) { return cgroup_path.ends_with(scope_suffix); }
bool is_unit(std::string_view cgroup_path) { return is_scope(cgroup_path) || cgroup_path.ends_with(slice_suffix); }

result<std::string> path_of_slice(std::string_view slice) {
  const auto name = unit_of(slice);
  GANTRY_TRY(check_name(name));
  const auto parts = name.substr(0, name.size() - std::min(name.size(), slice_suffix.size()));
  const bool misplaced =
      parts != "-" && (parts.starts_with('-') || parts.ends_with('-') || parts.find("--") != std::string_view::npos);
  if (!name.ends_with(slice_suffix) || parts.empty() || misplaced)
    return fail(errc::invalid_argument, "'{}' is no systemd slice: a name like \"a.slice\" or \"a-b.slice\" is one",
                name);
  if (parts == "-") return std::string();
  std::string path;
  for (auto end = parts.find('-'); end != std::string_view::npos; end = parts.find('-', end + 1))
    path.append("/").append(parts.substr(0, end)).append(slice_suffix);
  return path.append("/").append(name);
}

std::string slice_below(std::string_view slice, std::string_view name) {
  const auto above = unit_of(slice);
  const auto parts = above.substr(0, above.size() - slice_suffix.size());
  std::string made = parts == "-" ? std::string() : std::string(parts) + "-";
  return made.append(name).append(slice_suffix);
}

result<std::string> path_of_scope(std::string_view cgroups_path) {
  const auto first = cgroups_path.find(':');
  const auto second = first == std::string_view::npos ? first : cgroups_path.find(':', first + 1);
  if (second == std::string_view::npos || cgroups_path.find(':', second + 1) != std::string_view::npos)
    return fail(errc::invalid_argument, "cgroup path '{}': with systemd's cgroups it is \"SLICE:PREFIX:NAME\"",
                cgroups_path.substr(0, longest_name));
  const auto slice = cgroups_path.substr(0, first);
  const auto prefix = cgroups_path.substr(first + 1, second - first - 1);
  auto name = std::string(prefix);
  if (!prefix.empty()) name += "-";
  name.append(cgroups_path.substr(second + 1)).append(scope_suffix);
  GANTRY_TRY(check_name(name));
  GANTRY_LET(auto path, path_of_slice(slice.empty() ? "system.slice" : slice));
  return path.append("/").append(name);
}

std::string cgroups_path_of(std::string_view scope_path) {
  const auto unit = unit_of(scope_path);
  const auto slice = unit_of(scope_path.substr(0, scope_path.rfind('/')));
  const auto prefix = unit.substr(0, unit.find('-'));
  const auto name = unit.substr(prefix.size() + 1, unit.size() - prefix.size() - 1 - scope_suffix.size());
  std::string made(slice.empty() ? "-.slice" : slice);
  return made.append(":").append(prefix).append(":").append(name);
}

} // namespace gantry::systemd
