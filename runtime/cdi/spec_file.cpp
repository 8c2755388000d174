#include "runtime/cdi/spec_file.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "messages/domain/quote.hpp"
#include "runtime/cdi/document.hpp"

namespace gantry::cdi {
namespace {

constexpr auto most_int = std::numeric_limits<std::int64_t>::max();
constexpr auto most_id = std::numeric_limits<std::uint32_t>::max();
constexpr std::int64_t most_device_number = (1 << 20) - 1; // of both kinds, as the kernel has them
constexpr std::array<std::string_view, 7> versions = {"0.3.0", "0.4.0", "0.5.0", "0.6.0", "0.7.0", "0.8.0", "1.0.0"};
constexpr std::array<std::string_view, 6> hook_names = {"prestart",       "createRuntime", "createContainer",
                                                        "startContainer", "poststart",     "poststop"};

template<class Range>
bool among(const Range& list, std::string_view one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

result<void> check_path(std::string_view field, const std::string& path) {
  if (path.starts_with('/')) return {};
  return fail(errc::invalid_argument, "{}: {} is no absolute path", field, quote(path));
}

result<void> check_environment(const std::vector<std::string>& env) {
  for (const auto& one : env)
    if (const auto equals = one.find('='); equals == 0 || equals == std::string::npos)
      return fail(errc::invalid_argument, "env: {} is not of the form NAME=value", quote(one));
  return {};
}

result<void> read_node(const value& from, device_node& to) {
  GANTRY_TRY(read_members(from, {{"path", into(to.path)},
                                 {"hostPath", into(to.host_path)},
                                 {"type", into(to.type)},
                                 {"major", into(to.major, most_device_number)},
                                 {"minor", into(to.minor, most_device_number)},
                                 {"fileMode", into(to.file_mode, 07777)},
                                 {"permissions", into(to.permissions)},
                                 {"uid", into(to.uid, most_id)},
                                 {"gid", into(to.gid, most_id)}}));
  GANTRY_TRY(check_path("path", to.path));
  if (!to.host_path.empty()) GANTRY_TRY(check_path("hostPath", to.host_path));
  if (!to.type.empty() && (to.type.size() != 1 || to.type.find_first_not_of("bcup") != std::string::npos))
    return fail(errc::invalid_argument, "type: {} is none of b, c, u, p", quote(to.type));
  if (to.permissions.size() > 3 || to.permissions.find_first_not_of("rwm") != std::string::npos)
    return fail(errc::invalid_argument, "permissions: {} is not of r, w and m", quote(to.permissions));
  return {};
}

result<void> read_mount(const value& from, mount& to) {
  GANTRY_TRY(read_members(from, {{"hostPath", into(to.host_path)},
                                 {"containerPath", into(to.container_path)},
                                 {"type", into(to.type)},
                                 {"options", into(to.options)}}));
  if (to.host_path.empty()) return fail(errc::invalid_argument, "hostPath is missing");
  return check_path("containerPath", to.container_path);
}

result<void> read_hook(const value& from, hook& to) {
  GANTRY_TRY(read_members(from, {{"hookName", into(to.when)},
                                 {"path", into(to.path)},
                                 {"args", into(to.args)},
                                 {"env", into(to.env)},
                                 {"timeout", into(to.timeout, most_int)}}));
  if (!among(hook_names, to.when)) return fail(errc::invalid_argument, "hookName: {} is no hook", quote(to.when));
  GANTRY_TRY(check_path("path", to.path));
  return check_environment(to.env);
}

reader edits_into(container_edits& to) {
  return [&to](const value& from) -> result<void> {
    const auto note_rdt = [&to](const value&) -> result<void> {
      to.intel_rdt = true;
      return {};
    };
    GANTRY_TRY(read_members(from, {{"env", into(to.env)},
                                   {"deviceNodes", each(to.device_nodes, read_node)},
                                   {"mounts", each(to.mounts, read_mount)},
                                   {"hooks", each(to.hooks, read_hook)},
                                   {"additionalGids", into(to.additional_gids)},
                                   {"intelRdt", note_rdt}}));
    return check_environment(to.env);
  };
}

/// Whatever whoever wrote the file wants to remember: texts by name.
reader annotations_into(bool& there) {
  return [&there](const value& from) -> result<void> {
    if (from.is != value::kind::map) return fail(errc::invalid_argument, "an object is expected");
    there = there || !from.members.empty();
    std::string text;
    for (const auto& [name, member] : from.members)
      if (auto read = into(text)(member); !read) return within(read.error(), "{}", quote(name));
    return {};
  };
}

/// What a file is made of, before it is looked at as a whole.
struct raw_file {
  std::string version, kind;
  bool annotations = false;
  spec_file made;
};

reader devices_into(raw_file& file) {
  return [&file](const value& from) -> result<void> {
    if (from.is != value::kind::list) return fail(errc::invalid_argument, "a list is expected");
    for (const auto& one : from.items) {
      auto& made = file.made.devices.emplace_back();
      auto read = read_members(one, {{"name", into(made.name)},
                                     {"annotations", annotations_into(file.annotations)},
                                     {"containerEdits", edits_into(made.edits)}});
      if (!read) return within(read.error(), "[{}]", file.made.devices.size() - 1);
    }
    return {};
  };
}

/// A use of something that only a later version has.
struct use {
  std::string_view since, what;
  bool there = false;
};

bool any_edits(const spec_file& file, bool (*is)(const container_edits&)) {
  return is(file.edits) ||
         std::any_of(file.devices.begin(), file.devices.end(), [is](const device& one) { return is(one.edits); });
}

std::vector<use> uses_of(const raw_file& file) {
  const auto& made = file.made;
  const auto begins_with_digit = [](const device& one) { return one.name.front() >= '0' && one.name.front() <= '9'; };
  const auto host_path = [](const container_edits& edits) {
    return std::any_of(edits.device_nodes.begin(), edits.device_nodes.end(),
                       [](const device_node& node) { return !node.host_path.empty(); });
  };
  const auto mount_type = [](const container_edits& edits) {
    return std::any_of(edits.mounts.begin(), edits.mounts.end(), [](const mount& one) { return !one.type.empty(); });
  };
  return {{"0.4.0", "a mount's type", any_edits(made, mount_type)},
          {"0.5.0", "a device node's hostPath", any_edits(made, host_path)},
          {"0.5.0", "a device whose name begins with a digit",
           std::any_of(made.devices.begin(), made.devices.end(), begins_with_digit)},
          {"0.6.0", "annotations", file.annotations},
          {"0.6.0", "a class with a dot", made.kind.device_class.find('.') != std::string::npos},
          {"0.7.0", "intelRdt", any_edits(made, [](const container_edits& edits) { return edits.intel_rdt; })},
          {"0.7.0", "additionalGids",
           any_edits(made, [](const container_edits& edits) { return !edits.additional_gids.empty(); })}};
}

result<void> check_version(const raw_file& file) {
  auto version = std::string_view(file.version);
  if (version.starts_with('v')) version.remove_prefix(1);
  if (version.empty()) return fail(errc::invalid_argument, "cdiVersion is missing");
  if (!among(versions, version))
    return fail(errc::invalid_argument, "cdiVersion: {} is not supported: {} to {} are", quote(file.version),
                versions.front(), versions.back());
  for (const auto& one : uses_of(file))
    if (one.there && version < one.since) // each part of the versions there are has one digit
      return fail(errc::invalid_argument, "cdiVersion is {}, and {} needs {}", version, one.what, one.since);
  return {};
}

result<void> check_devices(const spec_file& file) {
  if (file.devices.empty()) return fail(errc::invalid_argument, "devices: there is none");
  for (auto one = file.devices.begin(); one != file.devices.end(); ++one) {
    auto whole = file.kind;
    whole.name = one->name;
    GANTRY_TRY(parse_device_name(to_string(whole)));
    const auto same = [&](const device& other) { return other.name == one->name; };
    if (std::any_of(file.devices.begin(), one, same))
      return fail(errc::invalid_argument, "devices: {} is there twice", quote(one->name));
    if (one->edits.empty()) return fail(errc::invalid_argument, "devices: {} has no containerEdits", quote(one->name));
  }
  return {};
}

} // namespace

result<spec_file> read_spec(std::string_view text, format how) {
  GANTRY_LET(const auto document, how == format::json ? read_json(text) : read_yaml(text));
  raw_file file;
  GANTRY_TRY(read_members(document, {{"cdiVersion", into(file.version)},
                                     {"kind", into(file.kind)},
                                     {"annotations", annotations_into(file.annotations)},
                                     {"devices", devices_into(file)},
                                     {"containerEdits", edits_into(file.made.edits)}}));
  auto kind = parse_kind(file.kind);
  if (!kind) return within(kind.error(), "kind");
  file.made.kind = std::move(*kind);
  GANTRY_TRY(check_devices(file.made));
  GANTRY_TRY(check_version(file));
  return std::move(file.made);
}

} // namespace gantry::cdi
