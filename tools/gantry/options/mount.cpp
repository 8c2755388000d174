#include <filesystem>

#include "tools/gantry/format/units.hpp"
#include "tools/gantry/options/syntax.hpp"

namespace gantry::cli {

namespace {

/// A source that starts with a dot is a path from the working directory; the daemon's is another.
std::string absolute(const std::string& source, const surroundings& around) {
  if (!source.starts_with('.')) return source;
  auto path = (std::filesystem::path(around.folder) / source).lexically_normal().string();
  if (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

result<bool> boolean(const std::string& key, const std::string& value) {
  if (value.empty() || value == "true" || value == "1") return true;
  if (value == "false" || value == "0") return false;
  return fail(errc::invalid_argument, "--mount: {}={} is neither true nor false", key, value);
}

} // namespace

result<void> add_volume(std::string_view text, const surroundings& around, json& config, json& host) {
  auto parts = split_text(text, ':');
  auto refused = [&](std::string_view why) {
    return fail(errc::invalid_argument, "-v {}: {}; write [SOURCE:]TARGET[:OPTIONS]", text, why);
  };
  if (parts.size() > 3) return refused("there are too many colons");
  for (const auto& part : parts)
    if (part.empty()) return refused("a part is empty");
  const auto& target = parts.size() == 1 ? parts[0] : parts[1];
  if (!target.starts_with('/')) return refused("the target must be an absolute path");
  if (target == "/") return refused("the target may not be the root");
  if (parts.size() == 1) {
    config["Volumes"][target] = json::object();
    return {};
  }
  auto bind = absolute(parts[0], around) + ":" + target;
  if (parts.size() == 3) bind += ":" + parts[2];
  host["Binds"].push_back(bind);
  return {};
}

result<strings> csv_fields(std::string_view text) {
  strings fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto c = text[i];
    if (quoted && c == '"' && text.substr(i + 1, 1) == "\"") {
      fields.back() += text[++i];
    } else if (c == '"' && (quoted || fields.back().empty())) {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  if (quoted) return fail(errc::invalid_argument, "--mount {}: a quote is not closed", text);
  return fields;
}

namespace {

/// One --mount while its fields come in.
class mount_builder {
public:
  explicit mount_builder(const surroundings& around) : around_(around) {}

  result<void> set(const std::string& key, const std::string& value);
  result<json> finish(std::string_view text);

private:
  result<void> set_of_bind(const std::string& key, const std::string& value);
  result<void> set_of_volume(const std::string& key, const std::string& value);
  result<void> set_of_tmpfs(const std::string& key, const std::string& value);
  result<void> set_of_image(const std::string& key, const std::string& value);

  const surroundings& around_;
  json mount_ = json::object({{"Type", "volume"}});
  json bind_, volume_, tmpfs_, image_;
};

result<void> mount_builder::set(const std::string& key, const std::string& value) {
  if (key == "type") {
    if (value != "bind" && value != "volume" && value != "tmpfs" && value != "image")
      return fail(errc::invalid_argument, "--mount: the type {} is none of bind, volume, tmpfs, image", value);
    mount_["Type"] = value;
  } else if (key == "source" || key == "src") {
    mount_["Source"] = absolute(value, around_);
  } else if (key == "target" || key == "dst" || key == "destination") {
    mount_["Target"] = value;
  } else if (key == "readonly" || key == "ro") {
    GANTRY_LET(mount_["ReadOnly"], boolean(key, value));
  } else if (key == "consistency") {
    mount_["Consistency"] = value;
  } else if (key.starts_with("volume-")) {
    return set_of_volume(key, value);
  } else if (key.starts_with("tmpfs-")) {
    return set_of_tmpfs(key, value);
  } else if (key.starts_with("image-")) {
    return set_of_image(key, value);
  } else {
    return set_of_bind(key, value);
  }
  return {};
}

result<void> mount_builder::set_of_bind(const std::string& key, const std::string& value) {
  if (key == "bind-propagation") {
    bind_["Propagation"] = value;
  } else if (key == "bind-nonrecursive") {
    GANTRY_LET(bind_["NonRecursive"], boolean(key, value));
  } else if (key == "bind-recursive") {
    bind_["NonRecursive"] = value == "disabled";
    bind_["ReadOnlyNonRecursive"] = value == "writable";
    bind_["ReadOnlyForceRecursive"] = value == "readonly";
    if (value != "enabled" && value != "disabled" && value != "writable" && value != "readonly")
      return fail(errc::invalid_argument, "--mount: bind-recursive={} is none of enabled, disabled, writable, readonly",
                  value);
  } else if (key == "bind-create-src") {
    GANTRY_LET(bind_["CreateMountpoint"], boolean(key, value));
  } else {
    return fail(errc::invalid_argument, "--mount: the key {} is not known", key);
  }
  return {};
}

result<void> mount_builder::set_of_volume(const std::string& key, const std::string& value) {
  auto [name, content] = cut(value, '=');
  if (key == "volume-nocopy") {
    GANTRY_LET(volume_["NoCopy"], boolean(key, value));
  } else if (key == "volume-label") {
    volume_["Labels"][name] = content;
  } else if (key == "volume-driver") {
    volume_["DriverConfig"]["Name"] = value;
  } else if (key == "volume-opt") {
    volume_["DriverConfig"]["Options"][name] = content;
  } else if (key == "volume-subpath") {
    volume_["Subpath"] = value;
  } else {
    return fail(errc::invalid_argument, "--mount: the key {} is not known", key);
  }
  return {};
}

result<void> mount_builder::set_of_tmpfs(const std::string& key, const std::string& value) {
  if (key == "tmpfs-size") {
    GANTRY_LET(tmpfs_["SizeBytes"], parse_size(value));
    return {};
  }
  if (key != "tmpfs-mode") return fail(errc::invalid_argument, "--mount: the key {} is not known", key);
  if (value.empty() || value.size() > 5 || value.find_first_not_of("01234567") != std::string::npos)
    return fail(errc::invalid_argument, "--mount: tmpfs-mode={} is not an octal mode", value);
  tmpfs_["Mode"] = std::stoul(value, nullptr, 8);
  return {};
}

result<void> mount_builder::set_of_image(const std::string& key, const std::string& value) {
  if (key != "image-subpath") return fail(errc::invalid_argument, "--mount: the key {} is not known", key);
  image_["Subpath"] = value;
  return {};
}

result<json> mount_builder::finish(std::string_view text) {
  auto type = cli::text(mount_, "Type");
  auto refused = [&](std::string_view why) { return fail(errc::invalid_argument, "--mount {}: {}", text, why); };
  if (!cli::text(mount_, "Target").starts_with('/')) return refused("the target must be an absolute path");
  if (type == "bind" && !cli::text(mount_, "Source").starts_with('/'))
    return refused("a bind's source must be an absolute path");
  if (type == "tmpfs" && mount_.contains("Source")) return refused("a tmpfs has no source");
  if (type == "image" && cli::text(mount_, "Source").empty()) return refused("its source is an image's name");
  if (!bind_.is_null() && type != "bind") return refused("bind- options are for binds alone");
  if (!volume_.is_null() && type != "volume") return refused("volume- options are for volumes alone");
  if (!tmpfs_.is_null() && type != "tmpfs") return refused("tmpfs- options are for tmpfs alone");
  if (!image_.is_null() && type != "image") return refused("image- options are for images alone");
  if (!bind_.is_null()) mount_["BindOptions"] = bind_;
  if (!volume_.is_null()) mount_["VolumeOptions"] = volume_;
  if (!tmpfs_.is_null()) mount_["TmpfsOptions"] = tmpfs_;
  if (!image_.is_null()) mount_["ImageOptions"] = image_;
  return mount_;
}

} // namespace

result<json> mount_of(std::string_view text, const surroundings& around) {
  GANTRY_LET(auto fields, csv_fields(text));
  mount_builder builder(around);
  for (const auto& field : fields) {
    auto [key, value] = cut(field, '=');
    bool flag = key == "readonly" || key == "ro" || key == "volume-nocopy" || key == "bind-nonrecursive" ||
                key == "bind-create-src";
    if (!flag && field.find('=') == std::string::npos)
      return fail(errc::invalid_argument, "--mount {}: the field \"{}\" is not of the form key=value", text, field);
    GANTRY_TRY(builder.set(key, value));
  }
  return builder.finish(text);
}

} // namespace gantry::cli
