#include "runtime/native/seccomp_compact.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstddef>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "runtime/native/decision_graph.hpp"
#include "runtime/native/seccomp_answer.hpp"

namespace gantry::native {
namespace {

using instructions = std::vector<sock_filter>;
using node = decision_graph::node;
using operand = decision_graph::operand;
using parts = std::vector<decision_graph::part>;

constexpr operand number_word{offsetof(seccomp_data, nr)}, machine_word{offsetof(seccomp_data, arch)};
constexpr std::uint32_t bit_of_x32 = 0x40000000;
/// The kernel evaluates a new filter for so many numbers, to learn which it always allows (seccomp_cache_prepare).
constexpr std::uint32_t probed_calls = 470;

bool is_comparison(std::uint16_t code) {
  return code == (BPF_JMP | BPF_JEQ | BPF_K) || code == (BPF_JMP | BPF_JGT | BPF_K) ||
         code == (BPF_JMP | BPF_JGE | BPF_K) || code == (BPF_JMP | BPF_JSET | BPF_K);
}

/// The values of a call's number and architecture at which a program may begin to behave differently: between two of
/// them it does not. Found in one pass, since all jumps lead forward.
class boundaries {
public:
  std::set<std::uint32_t> calls{0}, architectures{0};

  /// False: the program has something else than loads, AND of arguments, comparisons with constants, jumps and answers.
  bool read(const instructions& program) {
    std::vector<unsigned> held(program.size()); // what the accumulator may hold there; 0: nobody comes there
    held[0] = something;
    for (std::size_t at = 0; at < program.size(); ++at) {
      if (held[at] == 0) continue;
      const auto leads = [&](std::uint64_t over, unsigned with) {
        if (over >= program.size() - at - 1) return false;
        held[at + 1 + over] |= with;
        return true;
      };
      if (!step(program[at], held[at], leads)) return false;
    }
    return true;
  }

private:
  enum : unsigned { number = 1, machine = 2, something = 4 };

  template<class Leads>
  bool step(const sock_filter& one, unsigned held, Leads leads) {
    if (one.code == (BPF_RET | BPF_K)) return true;
    if (one.code == (BPF_JMP | BPF_JA)) return leads(one.k, held);
    if (one.code == (BPF_ALU | BPF_AND | BPF_K)) return held == something && leads(0, held);
    if (one.code == (BPF_LD | BPF_W | BPF_ABS)) {
      const bool exists = one.k % 4 == 0 && one.k < sizeof(seccomp_data);
      return exists && leads(0, one.k == number_word.offset    ? number
                                : one.k == machine_word.offset ? machine
                                                               : something);
    }
    if (!is_comparison(one.code)) return false;
    if (BPF_OP(one.code) == BPF_JSET && held != something) return false;
    if ((held & number) != 0) calls.insert({one.k, one.k + 1}); // + 1 may be 0, which is one already
    if ((held & machine) != 0) architectures.insert({one.k, one.k + 1});
    return leads(one.jt, held) && leads(one.jf, held);
  }
};

/// Follows a program with a call's number and architecture known: what is left are decisions by its arguments.
class partial_evaluation {
public:
  partial_evaluation(const instructions& program, decision_graph& into) : program_(program), graph_(into) {}

  node of(std::uint32_t arch, std::uint32_t nr) {
    arch_ = arch, nr_ = nr;
    branches_.clear();
    return follow(0, {0, {}});
  }

  /// It would take too long; what `of` returned is void.
  [[nodiscard]] bool gave_up() const { return steps_ > bound; }

private:
  static constexpr std::size_t bound = 1 << 24; // some 50 ms; Docker's profile takes a hundredth
  struct accumulator {
    std::optional<std::uint32_t> known;
    operand word; ///< what it holds if that is not known
  };

  node follow(std::size_t at, accumulator held) {
    for (; ++steps_ <= bound; ++at) {
      const auto& one = program_[at];
      if (one.code == (BPF_RET | BPF_K)) return graph_.answer(one.k);
      if (one.code == (BPF_LD | BPF_W | BPF_ABS))
        held = loaded(one.k);
      else if (one.code == (BPF_ALU | BPF_AND | BPF_K))
        held = masked(held, one.k);
      else if (one.code == (BPF_JMP | BPF_JA))
        at += one.k;
      else if (held.known)
        at += comparison_holds(one.code, *held.known, one.k) ? one.jt : one.jf;
      else
        return branch(at, held);
    }
    return graph_.answer(SECCOMP_RET_KILL_PROCESS);
  }

  node branch(std::size_t at, const accumulator& held) {
    const std::tuple key(at, held.word.offset, held.word.mask);
    if (const auto found = branches_.find(key); found != branches_.end()) return found->second;
    const auto& one = program_[at];
    const auto yes = follow(at + 1 + one.jt, held), no = follow(at + 1 + one.jf, held);
    return branches_[key] = graph_.compare(held.word, BPF_OP(one.code), one.k, yes, no);
  }

  [[nodiscard]] accumulator loaded(std::uint32_t offset) const {
    if (offset == number_word.offset) return {nr_, {}};
    if (offset == machine_word.offset) return {arch_, {}};
    return {std::nullopt, {offset}};
  }

  static accumulator masked(accumulator held, std::uint32_t mask) {
    if (held.known) return {*held.known & mask, {}};
    held.word.mask &= mask;
    if (held.word.mask == 0) held.known = 0; // so libseccomp has it for halves of which a mask says nothing
    return held;
  }

  const instructions& program_;
  decision_graph& graph_;
  std::uint32_t arch_ = 0, nr_ = 0;
  std::size_t steps_ = 0;
  std::map<std::tuple<std::size_t, std::uint32_t, std::uint32_t>, node> branches_; ///< of this call
};

void add_part(parts& to, std::uint32_t from, node then) {
  if (to.empty() || to.back().then != then) to.push_back({from, then});
}

node at_value(const parts& in, std::uint32_t value) {
  auto found = in.front().then;
  for (const auto& one : in)
    if (one.from <= value) found = one.then;
  return found;
}

/// The calls of x32 are those of x86-64 with a bit set, but for few: one search serves both, the few go before it.
node search_sharing_x32(decision_graph& graph, const parts& calls) {
  constexpr operand plain_number{number_word.offset, ~bit_of_x32};
  parts low;
  std::set<std::uint32_t> edges;
  for (const auto& one : calls) {
    edges.insert(one.from < bit_of_x32 ? one.from : one.from - bit_of_x32);
    if (one.from < bit_of_x32) low.push_back(one);
  }
  const auto shared = graph.search(plain_number, low, probed_calls);
  parts high;
  for (const auto edge : edges) {
    const auto then = at_value(calls, edge + bit_of_x32);
    add_part(high, edge, then == at_value(low, edge) ? shared : then);
  }
  return graph.compare(number_word, BPF_JGE, bit_of_x32, graph.search(plain_number, high, 0),
                       graph.as_loaded(plain_number, shared));
}

node search_calls(decision_graph& graph, const parts& calls) {
  const auto plain = graph.search(number_word, calls, probed_calls);
  const auto last = calls.back().from;
  // Without its bit a number from 2^31 on would be another's.
  if (last <= bit_of_x32 || last >= 2 * bit_of_x32) return plain;
  const auto shared = search_sharing_x32(graph, calls);
  return graph.code(shared).size() < graph.code(plain).size() ? shared : plain;
}

std::optional<instructions> compacted(const instructions& program) {
  boundaries at;
  if (program.empty() || program.size() > BPF_MAXINSNS || !at.read(program)) return std::nullopt;
  decision_graph graph;
  partial_evaluation evaluation(program, graph);
  parts architectures;
  for (const auto arch : at.architectures) {
    parts calls;
    for (const auto nr : at.calls) add_part(calls, nr, evaluation.of(arch, nr));
    if (evaluation.gave_up()) return std::nullopt;
    add_part(architectures, arch, search_calls(graph, calls));
  }
  return graph.code(graph.search(machine_word, architectures, 0));
}

} // namespace

std::string compact_seccomp(std::string program) {
  if (program.empty() || program.size() % sizeof(sock_filter) != 0) return program;
  instructions code(program.size() / sizeof(sock_filter));
  std::memcpy(code.data(), program.data(), code.size() * sizeof(sock_filter));
  const auto shorter = compacted(code);
  if (!shorter || shorter->size() >= code.size()) return program;
  return {reinterpret_cast<const char*>(shorter->data()), shorter->size() * sizeof(sock_filter)};
}

} // namespace gantry::native
