#pragma once

#include <sys/types.h>

#include <string>

#include "messages/domain/error.hpp"
#include "runtime/sys/unique_fd.hpp"

/// Mounts that show the files of a file system with other users' IDs (mount_setattr(2), "ID-mapped mounts"), and files
/// made through them. One thread with the host's rights.
namespace gantry::sys {

/// How much of what lies below a folder.
enum class reach : bool { this_mount, all_below };

/// A copy of the folder or file that is open as `source` (O_PATH will do), mounted nowhere; `name` is for errors, which
/// are the errno's.
result<unique_fd> mount_copy(int source, const std::string& name, reach copied);

/// As mount_copy of the folder or file at `source`, but it shows its files with the IDs that the user namespace
/// open as `users` gives them; `mapped`: whether of what is mounted below it too. Errors: the errno's, naming the
/// source: EINVAL for a file system that does not support it.
result<unique_fd> id_mapped_copy(const std::string& source, int users, reach copied, reach mapped);

/// Gives the files of a copy, which nobody has mounted yet, such IDs. Errors: as above.
result<void> map_ids(int copy, const std::string& name, int users, reach mapped);

/// While it lives, what this thread makes belongs to these IDs of the host, and no right is lost by that
/// (capabilities(7), "The securebits flags"). Else the host's root would make files through a mount that has no ID for
/// it, which fails with EOVERFLOW.
class maker_of_files {
public:
  static result<maker_of_files> as(uid_t uid, gid_t gid);
  maker_of_files(maker_of_files&& other) noexcept : bits_(other.bits_) { other.bits_ = none; }
  maker_of_files& operator=(maker_of_files&&) = delete;
  ~maker_of_files();

private:
  static constexpr int none = -1;
  explicit maker_of_files(int bits) : bits_(bits) {}
  int bits_; ///< the securebits to go back to
};

} // namespace gantry::sys
