#include "runtime/native/mount_parts.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string_view>
#include <utility>

namespace gantry::native {
namespace {

constexpr std::size_t max_parameter = 255; // fsconfig(2) takes no longer string
constexpr std::string_view lower = "lowerdir=";

bool has_lower_append() {
  struct utsname host {};
  unsigned major = 0, minor = 0;
  if (::uname(&host) != 0 || std::sscanf(host.release, "%u.%u", &major, &minor) != 2) return false;
  return std::pair(major, minor) >= std::pair(6U, 8U);
}

/// Split at ':', without escapes.
std::vector<std::string> split_layers(std::string_view value) {
  std::vector<std::string> layers(1);
  for (std::size_t at = 0; at < value.size(); ++at) {
    if (value[at] == ':')
      layers.emplace_back();
    else if (value[at] == '\\' && at + 1 < value.size())
      layers.back().push_back(value[++at]);
    else
      layers.back().push_back(value[at]);
  }
  return layers;
}

} // namespace

std::vector<std::string> layers_one_by_one(const std::string& type, const std::string& option) {
  if (type != "overlay" || !option.starts_with(lower) || !has_lower_append()) return {};
  auto layers = split_layers(std::string_view(option).substr(lower.size()));
  // An empty name stands for data-only layers ("::"), which "lowerdir+" has no word for.
  const auto fits = [](const std::string& layer) { return !layer.empty() && layer.size() < max_parameter; };
  if (!std::all_of(layers.begin(), layers.end(), fits)) return {};
  return layers;
}

result<void> set_parameter(int context, const std::string& option) {
  const auto equals = option.find('=');
  const auto key = option.substr(0, equals);
  if (option.size() > max_parameter + key.size())
    return fail(errc::invalid_argument, "mount option {} is longer than {} bytes", key, max_parameter);
  const int done = equals == std::string::npos
                       ? ::fsconfig(context, FSCONFIG_SET_FLAG, key.c_str(), nullptr, 0)
                       : ::fsconfig(context, FSCONFIG_SET_STRING, key.c_str(), option.c_str() + equals + 1, 0);
  if (done != 0) return fail_errno(errno, "mount option \"{}\"", option);
  return {};
}

result<sys::unique_fd> new_file_system(const std::string& type, const std::string& source,
                                       const std::vector<std::string>& data, std::uint64_t attributes) {
  const sys::unique_fd context(::fsopen(type.c_str(), FSOPEN_CLOEXEC));
  if (!context) return fail_errno(errno, "file system type {}", type);
  if (!source.empty()) GANTRY_TRY(set_parameter(context.get(), "source=" + source));
  for (const auto& option : data) {
    const bool is_long = option.size() > max_parameter;
    const auto layers = is_long ? layers_one_by_one(type, option) : std::vector<std::string>();
    for (const auto& layer : layers) GANTRY_TRY(set_parameter(context.get(), "lowerdir+=" + layer));
    if (layers.empty()) GANTRY_TRY(set_parameter(context.get(), option));
  }
  if ((attributes & MOUNT_ATTR_RDONLY) != 0) GANTRY_TRY(set_parameter(context.get(), "ro"));
  if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
    return fail_errno(errno, "make a {}", type);
  sys::unique_fd mounted(::fsmount(context.get(), FSMOUNT_CLOEXEC, static_cast<unsigned>(attributes)));
  if (!mounted) return fail_errno(errno, "mount a {}", type);
  return mounted;
}

result<void> set_attributes(int mount, std::uint64_t set, std::uint64_t clear, int flags) {
  if ((set | clear) == 0) return {};
  mount_attr attributes{};
  attributes.attr_set = set;
  attributes.attr_clr = clear;
  if (::mount_setattr(mount, "", static_cast<unsigned>(AT_EMPTY_PATH | flags), &attributes, sizeof attributes) != 0)
    return fail_errno(errno, "set mount flags");
  return {};
}

result<void> set_propagation_of(int mount, std::uint32_t propagation, bool recursive) {
  if (propagation == 0) return {};
  mount_attr attributes{};
  attributes.propagation = propagation;
  const unsigned flags = AT_EMPTY_PATH | (recursive ? static_cast<unsigned>(AT_RECURSIVE) : 0U);
  if (::mount_setattr(mount, "", flags, &attributes, sizeof attributes) != 0)
    return fail_errno(errno, "set mount propagation");
  return {};
}

} // namespace gantry::native
