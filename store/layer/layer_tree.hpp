#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/sys/unique_fd.hpp"
#include "store/layer/attributes.hpp"
#include "store/layer/beneath.hpp"
#include "store/layer/entry_name.hpp"
#include "store/layer/lower_tree.hpp"

namespace gantry::store {

/// How much a layer may still write; `used` counts apparent sizes.
struct byte_budget {
  std::uint64_t max = 0, used = 0;

  /// Errors: exhausted when `more` does not fit any more.
  result<void> take(std::uint64_t more);
};

/// The folder that a layer becomes, written entry by entry. It holds what sequential extraction onto the parents
/// would have changed, in overlayfs's format. Paths in here are canonical: relative to the layer, no symlink, no "..".
///
/// Invariants: a directory that replaces anything else of this layer (or a whiteout) is opaque, for what was replaced
/// had hidden the parents' directory; folders get their attributes at the end alone (finish), so that they are
/// root's and 0700 while their content is made: no setgid, default ACL or time stamp is disturbed or disturbs.
/// One thread.
class layer_tree {
public:
  /// `parents` empty: they are not known (needs_parents is set when they must be). It and `budget` outlive the tree.
  static result<layer_tree> open(const std::string& folder, lower_tree* parents, byte_budget& budget);

  result<void> add_folder(const entry_name& name, const attributes& attrs);
  /// Creates an empty file, open for writing, with `mode & 0777`; the caller writes it and calls finish_file().
  result<sys::unique_fd> add_file(const entry_name& name, mode_t mode);
  result<void> add_symlink(const entry_name& name, const std::string& target, const attributes& attrs);
  result<void> add_special(const entry_name& name, const tar_entry& entry);
  /// `target` is a name as in the tar. A parent's file is copied up first.
  result<void> add_hardlink(const entry_name& name, const std::vector<std::string>& target);

  /// Whiteouts: they apply to the parents alone, wherever in the layer they stand.
  result<void> hide(const entry_name& name);
  result<void> hide_all(const std::vector<std::string>& folder);

  /// Gives all folders their attributes.
  result<void> finish();

  [[nodiscard]] bool needs_parents() const { return needs_parents_; }
  [[nodiscard]] bool used_parents() const { return used_parents_; }
  [[nodiscard]] bool root_listed() const { return root_listed_; }
  [[nodiscard]] const creation_defaults& defaults() const { return defaults_; }

private:
  enum class origin : std::uint8_t { listed, implied };
  struct folder_record {
    attributes attrs;
    origin from = origin::implied;
  };
  struct node {
    enum class place : std::uint8_t { own, lower, absent } where = place::absent;
    struct stat status {};
    std::string target;
    lower_tree::found found; ///< when lower
  };
  struct place {
    int folder = -1; ///< valid until another folder is entered
    std::string path;
  };
  /// What to do about folders that this layer lacks, and about its own symlinks, on the way to a name.
  enum class walk_for : std::uint8_t { writing, linking, hiding };

  layer_tree() = default;
  result<node> look(const std::string& path);
  result<std::optional<std::string>> walk(const std::vector<std::string>& parts, walk_for purpose);
  result<std::string> step(const node& found, const std::string& path, walk_for purpose);
  result<place> enter(const std::vector<std::string>& folder);
  result<void> make_implied(const std::string& path, const node& below);
  result<void> make_folder(int folder, const std::string& path, const std::string& leaf);
  result<void> make_way(int folder, const std::string& path, const std::string& leaf);
  template<class Create>
  result<place> create(const entry_name& name, Create make);
  result<void> copy_up(const std::string& path, const lower_tree::found& what);
  result<void> copy_special(const std::string& path, const lower_tree::found& what);
  result<void> hide_root();
  result<void> mark_opaque(const std::string& path);
  result<void> forget_parents_of(const std::string& path, bool itself);
  result<void> prune(const std::string& path, bool itself);
  result<void> remove_whiteouts(const std::string& path);
  [[nodiscard]] bool hidden(const std::string& path) const;
  [[nodiscard]] result<void> refuse_if_used(const std::string& path) const;

  sys::unique_fd root_;
  lower_tree* lower_ = nullptr;
  byte_budget* budget_ = nullptr;
  creation_defaults defaults_;
  std::map<std::string, folder_record> folders_; ///< every folder of the layer
  std::set<std::string> opaque_;
  std::set<std::string> used_lower_;       ///< parents' symlinks that entries pass and files that they link to
  std::vector<std::string> entered_names_; ///< the folder last entered, as the tar calls it
  place entered_;
  sys::unique_fd entered_fd_;
  bool entered_holds_ = false; ///< false once the names may lead elsewhere
  bool needs_parents_ = false, used_parents_ = false, root_listed_ = false;
};

} // namespace gantry::store
