#pragma once

#include <cstddef>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/store/layer/judge_tree.hpp"

namespace gantry::test {

/// Makes random layers over a judge's tree, which is its model: what exists there decides what an entry may do.
/// Names come from a small alphabet, so that entries replace, hide and pass through one another all the time.
class image_generator {
public:
  image_generator(judge_tree& tree, unsigned seed) : tree_(tree), random_(seed) {}

  struct layer {
    std::vector<tar_header> whiteouts, entries;
    bool through_symlinks = false; ///< a whiteout's name passes through one: its place in the archive matters then
    std::size_t leading = 0;       ///< entries for the folders that whiteouts lie in
    /// The archive, with whiteouts first, or behind the folders that they lie in, or scattered among the entries.
    [[nodiscard]] std::string whiteouts_first() const { return whiteouts_after(0); }
    [[nodiscard]] std::string as_engines_pack() const { return whiteouts_after(leading); }
    [[nodiscard]] std::string scattered(unsigned seed) const;

  private:
    [[nodiscard]] std::string whiteouts_after(std::size_t entries_before) const;
  };
  /// A layer, already applied to the tree. One that `stands_alone` lists every folder on the way to its entries,
  /// passes through no symlink and links to its own files alone, as engines pack them.
  layer next(bool stands_alone, std::size_t size);

private:
  std::size_t pick(std::size_t below) { return random_() % below; }
  bool chance(unsigned percent) { return pick(100) < percent; }
  std::string leaf();
  std::string folder(bool through_symlinks);
  std::string any_path(bool through_symlinks);
  void whiteouts(layer& into, bool stands_alone);
  void opaque_whiteout(layer& into, bool stands_alone, std::vector<std::string>& list_later);
  tar_header header(const std::string& name, char type);
  void decorate(tar_header& h);
  bool link(tar_header& h, bool stands_alone);
  std::string symlink_target(const std::string& name);
  [[nodiscard]] bool may_hold(const std::string& name) const;
  [[nodiscard]] std::ptrdiff_t depth(const std::string& name) const;
  [[nodiscard]] bool replaces_its_way(const std::string& name) const;
  void list_parents(layer& into, const std::string& name);
  void add(layer& into, tar_header h);

  judge_tree& tree_;
  std::mt19937 random_;
  std::set<std::pair<dev_t, ino_t>> own_; ///< files that this layer has made
  std::set<std::string> listed_;          ///< folders that this layer has listed
};

} // namespace gantry::test
