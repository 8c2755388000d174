#pragma once

#include <sys/stat.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/sys/unique_fd.hpp"
#include "store/layer/extract.hpp"

namespace gantry::store {

/// The parents of a layer, read as overlayfs would stack them. Names are canonical: no "..", no symlink on the way.
/// One thread.
class lower_tree {
public:
  static result<lower_tree> open(const parent_view& parents);

  struct found {
    std::size_t layer = 0; ///< the topmost that has it
    struct stat status {};
    std::string target; ///< of a symlink
  };
  /// What the stack shows at `path`; nothing when it is absent or removed. Costs a few system calls per layer and
  /// component; the answers for the folder last asked about are kept.
  result<std::optional<found>> look(const std::string& path);

  /// Opens what look() found, for reading. Never follows symlinks.
  [[nodiscard]] result<sys::unique_fd> open_found(const found& what, const std::string& path) const;

  /// What the stack shows in the folder `path`.
  [[nodiscard]] result<std::set<std::string>> names(const std::string& path);

  /// Every name in any parent's root, removed ones included.
  [[nodiscard]] result<std::set<std::string>> root_names() const;

  using layer_list = std::vector<std::size_t>; // topmost first
  /// Whose folders of this name the stack merges; none when it shows no folder there. "": the roots.
  result<layer_list> layers_of(const std::string& folder);

private:
  struct answer {
    std::optional<found> what;
    layer_list folders; // the layers whose folder of that name is merged
  };
  result<answer> look_in(const layer_list& layers, const std::string& path) const;
  [[nodiscard]] bool is_opaque(std::size_t layer, const std::string& path) const;

  std::vector<sys::unique_fd> roots_;
  std::string last_folder_;
  layer_list last_layers_;
};

} // namespace gantry::store
