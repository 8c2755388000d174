#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/cdi/spec_file.hpp"

namespace gantry::cdi {

/// The devices that the files in some folders tell of. A device in a later folder stands over one of the same name in
/// an earlier one; two in the same folder are a conflict, and neither can be had. Blocks on the disk; not thread-safe.
class registry {
public:
  /// Folders need not exist. None: no device is known.
  explicit registry(std::vector<std::string> folders);

  /// What these devices change: of each file once what it has for all, then the device's own, in the order of `names`.
  /// Reads what has changed on disk. Errors: invalid_argument naming the device and the folders, or the files that are
  /// in conflict, or what is not supported.
  result<container_edits> find(const std::vector<std::string>& names);

  struct listing {
    std::vector<std::string> names;    ///< sorted; without those in conflict
    std::vector<std::string> warnings; ///< sentences: files that are not understood, conflicts
  };
  /// Reads what has changed on disk.
  listing list();

  [[nodiscard]] const std::vector<std::string>& folders() const { return folders_; }

private:
  /// Which content of a file was read.
  struct stamp {
    std::uint64_t device = 0, inode = 0;
    std::int64_t size = 0, modified = 0, changed = 0; ///< times in nanoseconds
    friend bool operator==(const stamp&, const stamp&) = default;
  };
  struct known_file {
    stamp of;
    result<spec_file> content;
  };
  /// Where a device stands.
  struct place {
    std::size_t folder = 0;
    std::string path;
    const spec_file* file = nullptr;
    const device* what = nullptr;
    std::string rival; ///< another file of the folder that has it
  };

  void refresh();
  void read_folder(const std::string& folder, std::map<std::string, known_file>& into);
  void place_devices(std::size_t folder, const std::string& path, const spec_file& file);
  [[nodiscard]] result<void> check(const std::string& name, const place& at) const;
  [[nodiscard]] tl::unexpected<error> unknown(const std::string& name) const;

  std::vector<std::string> folders_;
  std::map<std::string, known_file> files_; ///< by path
  std::map<std::string, place> devices_;    ///< by the whole name; points into files_
  std::vector<std::string> warnings_;       ///< of the last refresh
};

} // namespace gantry::cdi
