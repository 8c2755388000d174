#include "runtime/native/mount_parts.hpp"

#include <fcntl.h>
#include <sys/mount.h>

#include <cerrno>

namespace gantry::native {
namespace {

constexpr std::size_t max_parameter = 255; // fsconfig(2) takes no longer string

} // namespace

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
  for (const auto& option : data) GANTRY_TRY(set_parameter(context.get(), option));
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
