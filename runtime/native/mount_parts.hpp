#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "messages/domain/error.hpp"
#include "runtime/sys/unique_fd.hpp"

/// The steps of one mount, in the kernel's new mount API (fsopen(2), mount_setattr(2)).
namespace gantry::native {

/// An option of a file system that is being made or changed (fsconfig(2)). Errors name it.
result<void> set_parameter(int context, const std::string& option);
/// The layers of an overlay's option "lowerdir=…", topmost first, as overlayfs reads it ('\\' escapes), where they can
/// be set one by one: an option that is too long for fsconfig(2) holds names that are not. None of another option, of
/// names that are too long, or on a kernel before Linux 6.8, which has no "lowerdir+".
std::vector<std::string> layers_one_by_one(const std::string& type, const std::string& option);
/// A file system that is mounted nowhere yet. `data`: "key=value" or "flag"; `attributes`: MOUNT_ATTR_*, read-only for
/// the file system too. Errors name the option.
result<sys::unique_fd> new_file_system(const std::string& type, const std::string& source,
                                       const std::vector<std::string>& data, std::uint64_t attributes);
/// Sets and clears MOUNT_ATTR_* of a mount; `flags`: 0 or AT_RECURSIVE. Nothing to do is no call.
result<void> set_attributes(int mount, std::uint64_t set, std::uint64_t clear, int flags);
/// MS_SHARED, MS_SLAVE, MS_PRIVATE or MS_UNBINDABLE; 0 leaves it.
result<void> set_propagation_of(int mount, std::uint32_t propagation, bool recursive);

} // namespace gantry::native
