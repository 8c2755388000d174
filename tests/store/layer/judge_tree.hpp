#pragma once

#include <map>
#include <string>

#include "tests/store/layer/scratch.hpp"
#include "tests/store/layer/tar_writer.hpp"

namespace gantry::test {

/// The judge: one tree onto which GNU tar extracts layer after layer, entry by entry, while this removes what
/// whiteouts name. tar leaves two things to whoever calls it: it refuses to replace a folder that is not empty (the
/// layer spec says it goes), and it spoils the times of folders that an archive only implies (they are put back).
class judge_tree {
public:
  explicit judge_tree(const scratch& where);

  [[nodiscard]] const std::string& path() const { return tree_; }

  /// The name once the symlinks on the way are followed; the last component is not.
  [[nodiscard]] std::string canonical(const std::string& name) const;

  /// Extracts one entry.
  void apply(const tar_header& entry);
  /// Removes a name, or all that a folder holds.
  void hide(const std::string& name);
  void hide_all(const std::string& folder);
  /// Puts the times of folders right; new ones that no entry listed get 0.
  void end_layer();

private:
  void remove(const std::string& canonical_name);

  std::string tree_, archive_;
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> folder_times_; ///< by canonical name
};

} // namespace gantry::test
