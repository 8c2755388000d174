#include "runtime/native/seccomp_answer.hpp"

#include <cstring>

namespace gantry::native {
namespace {

result<std::uint32_t> data_word(const seccomp_data& call, std::uint32_t offset) {
  std::uint32_t word = 0;
  if (offset > sizeof call - sizeof word || offset % sizeof word != 0)
    return fail(errc::invalid_argument, "a seccomp filter reads at offset {} of a call", offset);
  std::memcpy(&word, reinterpret_cast<const char*>(&call) + offset, sizeof word);
  return word;
}

} // namespace

bool comparison_holds(std::uint16_t code, std::uint32_t left, std::uint32_t right) {
  switch (BPF_OP(code)) {
  case BPF_JEQ:
    return left == right;
  case BPF_JGT:
    return left > right;
  case BPF_JGE:
    return left >= right;
  default: // BPF_JSET
    return (left & right) != 0;
  }
}

result<std::uint32_t> seccomp_answer(std::string_view program, const seccomp_data& call) {
  std::uint32_t accumulator = 0;
  for (std::uint64_t at = 0; at < program.size() / sizeof(sock_filter); ++at) {
    sock_filter one;
    std::memcpy(&one, program.data() + at * sizeof one, sizeof one);
    switch (one.code) {
    case BPF_LD | BPF_W | BPF_ABS: {
      GANTRY_LET(accumulator, data_word(call, one.k));
      break;
    }
    case BPF_ALU | BPF_AND | BPF_K:
      accumulator &= one.k;
      break;
    case BPF_JMP | BPF_JA:
      at += one.k;
      break;
    case BPF_JMP | BPF_JEQ | BPF_K:
    case BPF_JMP | BPF_JGT | BPF_K:
    case BPF_JMP | BPF_JGE | BPF_K:
    case BPF_JMP | BPF_JSET | BPF_K:
      at += comparison_holds(one.code, accumulator, one.k) ? one.jt : one.jf;
      break;
    case BPF_RET | BPF_K:
      return one.k;
    default:
      return fail(errc::invalid_argument, "instruction {} of a seccomp filter is unknown: {:#x}", at, one.code);
    }
  }
  return fail(errc::invalid_argument, "a seccomp filter has no end");
}

} // namespace gantry::native
