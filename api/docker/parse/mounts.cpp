#include <algorithm>
#include <filesystem>

#include "api/docker/parse/parts.hpp"
#include "messages/domain/quote.hpp"

// Binds, Tmpfs and Mounts (Docker Engine API, "HostConfig", "Mount"; docker-run(1), -v).
namespace gantry::docker::parts {
namespace {

using kind = mount_request::kind;

bool is_propagation(std::string_view text) {
  static constexpr std::string_view known[] = {"private", "rprivate", "shared", "rshared", "slave", "rslave"};
  return std::find(std::begin(known), std::end(known), text) != std::end(known);
}

result<void> check_target(std::string_view target, std::string_view whole) {
  if (!target.starts_with('/'))
    return fail(errc::invalid_argument, "invalid volume specification: {}: mount path must be absolute", quote(whole));
  if (target == "/")
    return fail(errc::invalid_argument, "invalid volume specification: {}: destination can't be '/'", quote(whole));
  return {};
}

result<void> check_volume_name(std::string_view name) {
  auto good = [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; };
  auto allowed = [&](char c) { return good(c) || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-'; };
  bool first = !name.empty() && (good(name.front()) || (name.front() >= '0' && name.front() <= '9'));
  if (first && name.size() >= 2 && name.size() <= 255 && std::all_of(name.begin(), name.end(), allowed)) return {};
  return fail(
      errc::invalid_argument,
      "create {}: {} includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are "
      "allowed. If you intended to pass a host directory, use absolute path",
      name, quote(name));
}

result<void> read_bind_options(std::string_view options, std::string_view whole, mount_request& into) {
  while (!options.empty()) {
    auto one = options.substr(0, options.find(','));
    options.remove_prefix(std::min(options.size(), one.size() + 1));
    if (one == "ro")
      into.read_only = true;
    else if (one == "nocopy")
      into.no_copy = true;
    else if (is_propagation(one))
      into.propagation = one;
    // SELinux labels mean nothing without SELinux; dockerd takes them in silence there, and consistency everywhere.
    else if (one != "rw" && one != "z" && one != "Z" && one != "cached" && one != "delegated" && one != "consistent" &&
             one != "default")
      return fail(errc::invalid_argument, "invalid volume specification: {}: unknown mode {}", quote(whole),
                  quote(one));
  }
  return {};
}

/// "source:target:options", "source:target" or "target".
result<mount_request> parse_bind(std::string_view text) {
  mount_request mount;
  auto first = text.find(':');
  auto source = first == std::string_view::npos ? std::string_view() : text.substr(0, first);
  auto rest = first == std::string_view::npos ? text : text.substr(first + 1);
  auto second = rest.find(':');
  mount.target = rest.substr(0, second);
  if (source.empty() && first != std::string_view::npos)
    return fail(errc::invalid_argument, "invalid volume specification: {}", quote(text));
  GANTRY_TRY(check_target(mount.target, text));
  if (second != std::string_view::npos) GANTRY_TRY(read_bind_options(rest.substr(second + 1), text, mount));
  mount.source = source;
  mount.type = source.starts_with('/') ? kind::bind : kind::volume;
  mount.create_source = mount.type == kind::bind;
  mount.from_image = source.empty();
  if (mount.type == kind::volume && !source.empty()) GANTRY_TRY(check_volume_name(source));
  return mount;
}

result<void> read_bind_part(object from, mount_request& into) {
  json_fields fields(from);
  bool strict = false;
  fields.read("Propagation", into.propagation);
  fields.read("NonRecursive", into.non_recursive);
  fields.read("CreateMountpoint", into.create_source);
  fields.read("ReadOnlyForceRecursive", strict);
  GANTRY_TRY(checked(fields, "BindOptions"));
  if (strict) return fail(errc::invalid_argument, "BindOptions.ReadOnlyForceRecursive is not supported");
  if (!into.propagation.empty() && !is_propagation(into.propagation))
    return fail(errc::invalid_argument, "invalid mount config for type \"bind\": invalid propagation {}",
                quote(into.propagation));
  return {};
}

/// By its words alone, as dockerd does: what links in the volume make of it, the start will see.
result<void> check_part_of_volume(const std::string& path) {
  const auto clean = std::filesystem::path(path).lexically_normal();
  if (clean.is_relative() && *clean.begin() != "..") return {};
  return fail(errc::invalid_argument,
              "invalid mount config for type \"volume\": subpath must be a relative path within the volume");
}

result<void> read_volume_part(object from, mount_request& into) {
  json_fields fields(from);
  std::string driver;
  std::map<std::string, std::string> options;
  fields.read("NoCopy", into.no_copy);
  fields.read("Labels", into.labels);
  fields.read("Subpath", into.sub_path);
  if (auto config = fields.object("DriverConfig")) {
    json_fields inner(*config);
    inner.read("Name", driver);
    inner.read("Options", options);
    GANTRY_TRY(checked(inner, "VolumeOptions.DriverConfig"));
  }
  GANTRY_TRY(checked(fields, "VolumeOptions"));
  if (!into.sub_path.empty()) GANTRY_TRY(check_part_of_volume(into.sub_path));
  if ((!driver.empty() && driver != "local") || !options.empty())
    return fail(errc::invalid_argument,
                "VolumeOptions.DriverConfig is not supported: volumes are folders on this host");
  return {};
}

result<void> read_tmpfs_part(object from, mount_request& into) {
  json_fields fields(from);
  std::int64_t mode = 0;
  fields.read("SizeBytes", into.tmpfs_size, 0, INT64_MAX);
  fields.read("Mode", mode, 0, 07777);
  GANTRY_TRY(checked(fields, "TmpfsOptions"));
  if (fields.has("Options")) return fail(errc::invalid_argument, "TmpfsOptions.Options is not supported: use --tmpfs");
  if (mode != 0) into.tmpfs_options = fmt::format("mode={:o}", mode);
  return {};
}

/// Where in the image is looked at when there is one.
result<void> read_image_part(object from, mount_request& into) {
  json_fields fields(from);
  fields.read("Subpath", into.sub_path);
  GANTRY_TRY(checked(fields, "ImageOptions"));
  if (auto good = check_sub_path(into.sub_path); !good) return within(good.error(), "ImageOptions.Subpath");
  return {};
}

result<void> check_mount(const mount_request& mount, std::string_view type) {
  if (mount.target.empty())
    return fail(errc::invalid_argument, "invalid mount config for type \"{}\": field Target must not be empty", type);
  GANTRY_TRY(check_target(mount.target, mount.target));
  if (mount.type == kind::bind && !mount.source.starts_with('/'))
    return fail(errc::invalid_argument,
                "invalid mount config for type \"bind\": invalid mount path: {} mount path must be absolute",
                quote(mount.source));
  if (mount.type == kind::tmpfs && !mount.source.empty())
    return fail(errc::invalid_argument, "invalid mount config for type \"tmpfs\": field Source must not be specified");
  if (mount.type == kind::image && mount.source.empty())
    return fail(errc::invalid_argument, "invalid mount config for type \"image\": field Source must not be empty");
  if (mount.type == kind::volume && mount.source.empty() && !mount.sub_path.empty())
    return fail(errc::invalid_argument,
                "invalid mount config for type \"volume\": must not set Subpath when using anonymous volumes");
  if (mount.type == kind::volume && !mount.source.empty()) return check_volume_name(mount.source);
  return {};
}

/// The parts that are of other types are not looked at, as dockerd has it.
result<void> read_part(json_fields& fields, mount_request& into) {
  if (auto o = fields.object("BindOptions"); o && into.type == kind::bind) GANTRY_TRY(read_bind_part(*o, into));
  if (auto o = fields.object("VolumeOptions"); o && into.type == kind::volume) GANTRY_TRY(read_volume_part(*o, into));
  if (auto o = fields.object("TmpfsOptions"); o && into.type == kind::tmpfs) GANTRY_TRY(read_tmpfs_part(*o, into));
  if (auto o = fields.object("ImageOptions"); o && into.type == kind::image) GANTRY_TRY(read_image_part(*o, into));
  return {};
}

result<kind> parse_kind(std::string_view type) {
  if (type == "bind") return kind::bind;
  if (type == "volume") return kind::volume;
  if (type == "tmpfs") return kind::tmpfs;
  if (type == "image") return kind::image;
  return fail(errc::invalid_argument, "mount type {} is not supported: write bind, volume, tmpfs or image",
              quote(type));
}

result<void> read_mount(object from, container_options& into) {
  json_fields fields(from);
  mount_request mount;
  std::string type;
  fields.read("Type", type);
  fields.read("Source", mount.source);
  fields.read("Target", mount.target);
  fields.read("ReadOnly", mount.read_only);
  GANTRY_LET(mount.type, parse_kind(type));
  mount.read_only = mount.read_only || mount.type == kind::image; // there is no other way here
  GANTRY_TRY(read_part(fields, mount));
  GANTRY_TRY(checked(fields, "HostConfig.Mounts"));
  GANTRY_TRY(check_mount(mount, type));
  mount.from_image = mount.type == kind::volume && mount.source.empty();
  into.mounts.push_back(std::move(mount));
  return {};
}

/// An explicit mount takes the place of a volume that Config.Volumes declares at the same target, as dockerd has it.
void drop_shadowed_volumes(container_options& options, std::size_t declared) {
  auto begin = options.mounts.begin();
  auto end = begin + static_cast<std::ptrdiff_t>(declared);
  auto shadowed = [&](const mount_request& m) {
    return std::any_of(end, options.mounts.end(), [&](const mount_request& other) { return other.target == m.target; });
  };
  std::vector<mount_request> kept;
  std::copy_if(begin, end, std::back_inserter(kept), [&](const auto& m) { return !shadowed(m); });
  kept.insert(kept.end(), end, options.mounts.end());
  options.mounts = std::move(kept);
}

} // namespace

result<void> read_mounts(object host, container_options& into) {
  json_fields fields(host);
  auto declared = into.mounts.size();
  std::vector<std::string> binds;
  std::map<std::string, std::string> tmpfs;
  fields.read("Binds", binds);
  fields.read("Tmpfs", tmpfs);
  GANTRY_TRY(checked(fields, "HostConfig"));
  for (const auto& text : binds) {
    GANTRY_LET(auto mount, parse_bind(text));
    into.mounts.push_back(std::move(mount));
  }
  for (const auto& [target, options] : tmpfs) {
    GANTRY_TRY(check_target(target, target));
    mount_request mount;
    mount.type = kind::tmpfs;
    mount.target = target;
    mount.tmpfs_options = options;
    into.mounts.push_back(std::move(mount));
  }
  GANTRY_TRY(for_each_object(fields, "Mounts", [&](object o) { return read_mount(o, into); }));
  GANTRY_TRY(checked(fields, "HostConfig"));
  drop_shadowed_volumes(into, declared);
  return {};
}

} // namespace gantry::docker::parts
