#pragma once

#include <linux/filter.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <tuple>
#include <vector>

namespace gantry::native {

/// A seccomp filter as a graph of decisions, and as classic BPF again. Equal nodes are kept once, so two ways through a
/// filter do the same if they are the same node.
class decision_graph {
public:
  using node = std::uint32_t; ///< a later one leads to earlier ones only

  /// A word of seccomp_data, and which of its bits matter.
  struct operand {
    std::uint32_t offset = 0, mask = ~std::uint32_t{0};
    bool operator==(const operand&) const = default;
  };

  /// What a word leads to from a value up to the next part's.
  struct part {
    std::uint32_t from = 0;
    node then = 0;
  };

  node answer(std::uint32_t action);

  /// `how`: BPF_JEQ, BPF_JGT, BPF_JGE or BPF_JSET.
  node compare(operand what, std::uint16_t how, std::uint32_t with, node yes, node no);

  /// As `to`, for somebody whose accumulator is as good as `what`: if that is what `to` compares, it is not loaded
  /// again.
  node as_loaded(operand what, node to);

  /// A search for the part that a word lies in. The parts are in order; the first begins where the word's values do.
  /// The kernel evaluates it for each value below `probed` at each load: that is weighed against its length.
  node search(operand what, std::span<const part> parts, std::uint32_t probed);

  /// The program that begins with `first`.
  [[nodiscard]] std::vector<sock_filter> code(node first) const;

private:
  friend class graph_layout;

  struct decision {
    std::uint16_t how = BPF_RET; ///< BPF_JA: as_loaded
    operand what;
    std::uint32_t value = 0; ///< the action if this is an answer
    node yes = 0, no = 0;
  };
  using key = std::tuple<std::uint16_t, std::uint32_t, std::uint32_t, std::uint32_t, node, node>;

  node kept(const decision& one);

  std::vector<decision> nodes_;
  std::map<key, node> known_;
};

} // namespace gantry::native
