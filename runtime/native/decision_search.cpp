#include <algorithm>
#include <vector>

#include "runtime/native/decision_graph.hpp"

namespace gantry::native {
namespace {

/// What an instruction costs at a load, measured in evaluations of one instruction for one number.
constexpr std::uint64_t instruction_cost = 64;
constexpr std::size_t longest_chain = 4;
/// Up to so many parts the best tree is sought, in a time that grows with their number's cube.
constexpr std::size_t longest_list = 128;

/// The cheapest tree of comparisons for a list of parts, by dynamic programming: best of all lists of two, of three, …
/// At each list it splits (BPF_JGE), or asks for single numbers between parts that are otherwise alike (BPF_JEQ).
class search_plan {
public:
  using node = decision_graph::node;
  using part = decision_graph::part;

  search_plan(decision_graph& graph, decision_graph::operand what, std::span<const part> parts, std::uint32_t probed)
      : graph_(graph), what_(what), parts_(parts), probed_(probed) {}

  node tree() { return tree(0, parts_.size()); }

private:
  struct choice {
    std::uint64_t cost = 0;
    std::size_t split = 0; ///< the first part of the upper half; 0: a chain of comparisons with single numbers
  };

  node tree(std::size_t first, std::size_t last) {
    if (last - first > longest_list) return split_at(first, first + (last - first) / 2, last);
    offset_ = first;
    choices_.assign(longest_list * (longest_list + 1), {});
    for (std::size_t count = 2; count <= last - first; ++count)
      for (auto at = first; at + count <= last; ++at) choice_of(at, at + count) = best(at, at + count);
    return planned(first, last);
  }

  node split_at(std::size_t first, std::size_t split, std::size_t last) {
    const auto low = tree(first, split), high = tree(split, last);
    return graph_.compare(what_, BPF_JGE, parts_[split].from, high, low);
  }

  node planned(std::size_t first, std::size_t last) {
    const auto split = choice_of(first, last).split;
    if (split == 0) return chain(first, last);
    const auto low = planned(first, split), high = planned(split, last);
    return graph_.compare(what_, BPF_JGE, parts_[split].from, high, low);
  }

  /// Highest first: of architectures, those of 64 bits.
  node chain(std::size_t first, std::size_t last) {
    const auto usual = usual_of(first, last);
    auto made = usual;
    for (auto at = first; at < last; ++at)
      if (parts_[at].then != usual) made = graph_.compare(what_, BPF_JEQ, parts_[at].from, parts_[at].then, made);
    return made;
  }

  choice best(std::size_t first, std::size_t last) {
    const auto each = instruction_cost + probed_in(first, last);
    choice found{~std::uint64_t{0}, 0};
    if (const auto singles = singles_in(first, last); singles <= longest_chain) found.cost = singles * each;
    for (auto split = first + 1; split < last; ++split) {
      const auto cost = choice_of(first, split).cost + choice_of(split, last).cost + each;
      if (cost < found.cost) found = {cost, split};
    }
    return found;
  }

  /// How many single numbers lie between parts that are alike; more than a chain takes if it is not like that.
  [[nodiscard]] std::size_t singles_in(std::size_t first, std::size_t last) const {
    const auto usual = usual_of(first, last);
    std::size_t singles = 0;
    for (auto at = first; at < last && singles <= longest_chain; ++at) {
      if (parts_[at].then == usual) continue;
      singles += is_single(at) ? 1 : longest_chain + 1;
    }
    return singles;
  }

  [[nodiscard]] node usual_of(std::size_t first, std::size_t last) const {
    for (auto at = first; at < last; ++at)
      if (!is_single(at)) return parts_[at].then;
    return parts_[first].then;
  }

  [[nodiscard]] bool is_single(std::size_t at) const {
    return at + 1 < parts_.size() && parts_[at + 1].from - parts_[at].from == 1;
  }

  [[nodiscard]] std::uint64_t probed_in(std::size_t first, std::size_t last) const {
    const auto end = last < parts_.size() ? std::min(parts_[last].from, probed_) : probed_;
    return end - std::min(parts_[first].from, end);
  }

  choice& choice_of(std::size_t first, std::size_t last) {
    return choices_[(first - offset_) * (longest_list + 1) + last - offset_];
  }

  decision_graph& graph_;
  const decision_graph::operand what_;
  const std::span<const part> parts_;
  const std::uint32_t probed_;
  std::size_t offset_ = 0;
  std::vector<choice> choices_; ///< by first and last part, from offset_ on
};

} // namespace

decision_graph::node decision_graph::search(operand what, std::span<const part> parts, std::uint32_t probed) {
  return search_plan(*this, what, parts, probed).tree();
}

} // namespace gantry::native
