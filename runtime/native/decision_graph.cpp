#include "runtime/native/decision_graph.hpp"

#include <algorithm>

namespace gantry::native {

decision_graph::node decision_graph::kept(const decision& one) {
  const auto [at, fresh] = known_.try_emplace({one.how, one.what.offset, one.what.mask, one.value, one.yes, one.no},
                                              static_cast<node>(nodes_.size()));
  if (fresh) nodes_.push_back(one);
  return at->second;
}

decision_graph::node decision_graph::answer(std::uint32_t action) { return kept({BPF_RET, {}, action, 0, 0}); }

decision_graph::node decision_graph::compare(operand what, std::uint16_t how, std::uint32_t with, node yes, node no) {
  return yes == no ? yes : kept({how, what, with, yes, no});
}

decision_graph::node decision_graph::as_loaded(operand what, node to) {
  const bool compares = nodes_[to].how != BPF_RET && nodes_[to].how != BPF_JA && nodes_[to].what == what;
  return compares ? kept({BPF_JA, {}, 0, to, to}) : to;
}

/// Puts a graph's code together from its end, so that where a jump leads is known before the jump is made.
class graph_layout {
public:
  graph_layout(const decision_graph& graph, decision_graph::node first) : nodes_(graph.nodes_), places_(first + 1) {
    places_[first].loads = true;
    mark_loads(first);
    place(first);
  }

  [[nodiscard]] std::vector<sock_filter> code() const { return {backwards_.rbegin(), backwards_.rend()}; }

private:
  using node = decision_graph::node;

  /// Where a node's code begins, counted from the program's end, or a jump to it.
  struct place_of_node {
    bool placed = false, loads = false; ///< loads: somebody comes with another operand in the accumulator
    std::size_t compare = 0, load = 0;
  };

  void mark_loads(node first) {
    std::vector<bool> reached(first + 1);
    reached[first] = true;
    for (auto at = first + 1; at-- > 0;) {
      const auto& plan = nodes_[at];
      if (!reached[at] || plan.how == BPF_RET) continue;
      for (const auto next : {plan.yes, plan.no}) {
        reached[next] = true;
        if (plan.how != BPF_JA && nodes_[next].what != plan.what) places_[next].loads = true;
      }
    }
  }

  void place(node one) {
    if (places_[one].placed) return;
    places_[one].placed = true;
    const auto& plan = nodes_[one];
    if (plan.how == BPF_RET) return add_answer(one);
    if (plan.how == BPF_JA) return place(plan.yes);
    place(plan.no);
    place(plan.yes);
    bring_near(one, plan.no, 1);
    bring_near(one, plan.yes, 0);
    const auto yes = static_cast<__u8>(distance(spot(one, plan.yes)));
    const auto no = static_cast<__u8>(distance(spot(one, plan.no)));
    add(BPF_JUMP(static_cast<__u16>(BPF_JMP | plan.how | BPF_K), plan.value, yes, no));
    places_[one].compare = backwards_.size() - 1;
    if (!places_[one].loads) return;
    if (plan.what.mask != ~std::uint32_t{0}) add(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, plan.what.mask));
    add(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, plan.what.offset));
    places_[one].load = backwards_.size() - 1;
  }

  void add_answer(node one) {
    add(BPF_STMT(BPF_RET | BPF_K, nodes_[one].value));
    places_[one].compare = places_[one].load = backwards_.size() - 1;
  }

  /// Conditional jumps go 255 instructions far: beyond that, the answer is repeated, or a long jump stands near.
  void bring_near(node from, node to, std::size_t reserve) {
    const auto far = distance(spot(from, to));
    if (far + reserve <= 255) return;
    if (nodes_[to].how == BPF_RET) return add_answer(to);
    add(BPF_STMT(BPF_JMP | BPF_JA, static_cast<__u32>(far)));
    spot(from, to) = backwards_.size() - 1;
  }

  std::size_t& spot(node from, node to) {
    if (nodes_[to].how == BPF_JA) return places_[nodes_[to].yes].compare;
    return nodes_[from].what == nodes_[to].what ? places_[to].compare : places_[to].load;
  }

  /// How far the instruction that is added next has to jump.
  [[nodiscard]] std::size_t distance(std::size_t spot) const { return backwards_.size() - spot - 1; }

  void add(sock_filter one) { backwards_.push_back(one); }

  const std::vector<decision_graph::decision>& nodes_;
  std::vector<place_of_node> places_;
  std::vector<sock_filter> backwards_;
};

std::vector<sock_filter> decision_graph::code(node first) const { return graph_layout(*this, first).code(); }

} // namespace gantry::native
