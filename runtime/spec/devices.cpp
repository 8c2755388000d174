#include <dirent.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <optional>

#include "runtime/spec/paths.hpp"
#include "runtime/spec/resources.hpp"

namespace gantry::spec {
namespace {

constexpr std::size_t max_devices = 4096;
constexpr std::size_t max_depth = 8;

json rule(bool allowed, std::string_view access) { return {{"allow", allowed}, {"access", access}}; }

json rule(std::string_view type, std::optional<std::int64_t> major, std::optional<std::int64_t> minor,
          std::string_view access) {
  json one = {{"allow", true}, {"type", type}};
  if (major) one["major"] = *major;
  if (minor) one["minor"] = *minor;
  one["access"] = access;
  return one;
}

/// What every container may use: making nodes, and the devices that runtimes put into /dev (runtime-spec
/// config-linux.md, "Default Devices").
json default_rules() {
  auto rules = json::array({rule(false, "rwm"), rule("c", {}, {}, "m"), rule("b", {}, {}, "m")});
  constexpr std::array<std::pair<int, int>, 8> nodes = {
      {{1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9}, {5, 0}, {5, 1}, {5, 2}}};
  for (const auto& [major, minor] : nodes) rules.push_back(rule("c", major, minor, "rwm"));
  rules.push_back(rule("c", 136, {}, "rwm"));
  return rules;
}

/// One device node of the host, as it appears in the container.
struct node {
  std::string path;
  struct stat info {};
};

std::string_view type_of(const struct stat& info) { return S_ISBLK(info.st_mode) ? "b" : "c"; }

bool is_device(const struct stat& info) { return S_ISBLK(info.st_mode) || S_ISCHR(info.st_mode); }

void add_node(device_plan& plan, const node& one, std::string_view access) {
  const auto major_number = static_cast<std::int64_t>(major(one.info.st_rdev));
  const auto minor_number = static_cast<std::int64_t>(minor(one.info.st_rdev));
  plan.nodes.push_back({{"path", one.path},
                        {"type", type_of(one.info)},
                        {"major", major_number},
                        {"minor", minor_number},
                        {"fileMode", one.info.st_mode & 07777},
                        {"uid", one.info.st_uid},
                        {"gid", one.info.st_gid}});
  if (!access.empty()) plan.rules.push_back(rule(type_of(one.info), major_number, minor_number, access));
}

/// Folders of /dev that are other file systems, made anew in each container.
bool is_left_out(std::string_view name) {
  constexpr std::array<std::string_view, 8> names = {".", "..", "pts", "shm", "fd", "mqueue", "console", ".udev"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Lists the device nodes below `folder`, as paths below `shown`. Symlinks are not followed.
void list_nodes(const std::string& folder, const std::string& shown, std::size_t depth, std::vector<node>& into) {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(folder.c_str()), &::closedir);
  if (!dir || depth > max_depth) return;
  while (const auto* entry = ::readdir(dir.get())) {
    if (is_left_out(entry->d_name) || into.size() >= max_devices) continue;
    const auto name = "/" + std::string(entry->d_name);
    struct stat info {};
    if (::lstat((folder + name).c_str(), &info) != 0) continue;
    if (S_ISDIR(info.st_mode))
      list_nodes(folder + name, shown + name, depth + 1, into);
    else if (is_device(info))
      into.push_back({shown + name, info});
  }
}

result<void> check_access(const device_mapping& device) {
  const auto& access = device.permissions;
  const bool valid = access.size() <= 3 && access.find_first_not_of("rwm") == std::string::npos;
  if (valid) return {};
  return fail(errc::invalid_argument, "invalid device mode '{}' of {}: use letters of rwm", access.substr(0, 16),
              device.host.substr(0, 256));
}

result<void> add_mapping(device_plan& plan, const device_mapping& device) {
  GANTRY_TRY(check_access(device));
  GANTRY_TRY(check_text(device.host, "a device"));
  GANTRY_TRY(check_text(device.container, "a device"));
  const auto target = clean_path(device.container.empty() ? device.host : device.container);
  const auto access = device.permissions.empty() ? std::string("rwm") : device.permissions;
  struct stat info {};
  if (::stat(device.host.c_str(), &info) != 0)
    return fail_errno(errno, "error gathering device information while adding custom device \"{}\"",
                      device.host.substr(0, 256));
  std::vector<node> found;
  if (S_ISDIR(info.st_mode))
    list_nodes(device.host, target, 0, found);
  else if (is_device(info))
    found.push_back({target, info});
  if (found.empty())
    return fail(errc::invalid_argument, "{} is not a device node: give one of /dev", device.host.substr(0, 256));
  for (const auto& one : found) add_node(plan, one, access);
  return {};
}

// -- CDI devices ------------------------------------------------------------------------------------------------------

/// What a device node's edit leaves open, from the host's node.
result<cdi::device_node> completed(cdi::device_node node) {
  if (!node.type.empty() && (node.major != 0 || node.type == "p")) return node;
  const auto& host = node.host_path.empty() ? node.path : node.host_path;
  GANTRY_TRY(check_text(host, "a CDI device node"));
  struct stat info {};
  if (::stat(host.c_str(), &info) != 0) return fail_errno(errno, "CDI device node {} of the host", host);
  const std::string_view type = S_ISFIFO(info.st_mode) ? "p" : is_device(info) ? type_of(info) : "";
  if (type.empty()) return fail(errc::invalid_argument, "CDI device node {} of the host: it is no device", host);
  if (node.type.empty()) node.type = type;
  if (node.type != type && !(node.type == "u" && type == "c")) // two names of the same
    return fail(errc::invalid_argument, "CDI device node {}: its type is {}, and that of {} on the host {}", node.path,
                node.type, host, type);
  if (node.type == "p") return node;
  node.major = static_cast<std::int64_t>(major(info.st_rdev));
  node.minor = static_cast<std::int64_t>(minor(info.st_rdev));
  return node;
}

/// Owned by the container's user where the edit names nobody (CDI's SPEC.md, "deviceNodes").
result<void> add_edit(device_plan& plan, const cdi::device_node& asked, const process_user& owner) {
  GANTRY_LET(const auto node, completed(asked));
  GANTRY_TRY(check_text(node.path, "a CDI device node"));
  const auto path = clean_path(node.path);
  plan.nodes.erase(
      std::remove_if(plan.nodes.begin(), plan.nodes.end(), [&](const json& one) { return one["path"] == path; }),
      plan.nodes.end());
  json made = {{"path", path}, {"type", node.type}};
  if (node.type != "p") made["major"] = node.major, made["minor"] = node.minor;
  made["fileMode"] = node.file_mode.value_or(0666); // as runtimes have it
  made["uid"] = node.uid.value_or(owner.uid);
  made["gid"] = node.gid.value_or(owner.gid);
  plan.nodes.push_back(std::move(made));
  const auto access = node.permissions.empty() ? std::string("rwm") : node.permissions;
  const auto type = node.type == "u" ? std::string("c") : node.type; // a rule has no other word for it
  if (type != "p") plan.rules.push_back(rule(type, node.major, node.minor, access));
  return {};
}

/// "*" or a number.
bool parse_number(std::string_view text, std::optional<std::int64_t>& into) {
  if (text == "*") return true;
  std::uint32_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  into = value;
  return problem == std::errc{} && end == text.data() + text.size();
}

/// "c 1:3 rwm", "b *:* m", "a" (Docker's --device-cgroup-rule).
result<json> parse_rule(std::string_view text) {
  const auto bad = [&] {
    return fail(errc::invalid_argument, "invalid device cgroup rule format: '{}': write e.g. 'c 1:3 rwm' or 'b 8:* r'",
                text.substr(0, 64));
  };
  const auto colon = text.find(':'), space = text.rfind(' ');
  if (text.size() < 7 || text[1] != ' ' || colon == std::string_view::npos || space < colon) return bad();
  const auto type = text.substr(0, 1), access = text.substr(space + 1);
  std::optional<std::int64_t> major, minor;
  if (type.find_first_not_of("abc") != std::string_view::npos || !parse_number(text.substr(2, colon - 2), major) ||
      !parse_number(text.substr(colon + 1, space - colon - 1), minor) || access.empty() || access.size() > 3 ||
      access.find_first_not_of("rwm") != std::string_view::npos)
    return bad();
  return rule(type, major, minor, access);
}

} // namespace

result<device_plan> plan_devices(const spec_input& input, const process_user& owner) {
  device_plan plan;
  plan.rules = default_rules();
  if (input.options.privileged) {
    std::vector<node> all;
    list_nodes("/dev", "/dev", 0, all);
    for (const auto& one : all) add_node(plan, one, {});
    plan.rules = json::array({rule(true, "rwm")});
  }
  for (const auto& device : input.options.devices) {
    if (plan.nodes.size() >= max_devices) return fail(errc::exhausted, "more than {} devices", max_devices);
    GANTRY_TRY(add_mapping(plan, device));
  }
  for (const auto& node : input.edits.device_nodes) GANTRY_TRY(add_edit(plan, node, owner));
  if (input.options.privileged) plan.rules = json::array({rule(true, "rwm")});
  for (const auto& text : input.options.device_cgroup_rules) {
    GANTRY_LET(auto one, parse_rule(text));
    plan.rules.push_back(std::move(one));
  }
  return plan;
}

} // namespace gantry::spec
