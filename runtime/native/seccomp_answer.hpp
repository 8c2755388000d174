#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <string_view>

#include "messages/domain/error.hpp"

namespace gantry::native {

/// What a filter (`seccomp_plan::program`) has the kernel do with a call: SECCOMP_RET_*, with its data. Of classic BPF
/// it knows what libseccomp makes of rules: words of seccomp_data, AND, jumps, constant answers. Jumps lead forward
/// only, so it ends on any input. Errors: invalid_argument for an instruction that is another one, a word outside
/// seccomp_data or a way past the end.
result<std::uint32_t> seccomp_answer(std::string_view program, const seccomp_data& call);

/// Whether a comparison with a constant (BPF_JEQ, BPF_JGT, BPF_JGE or BPF_JSET of `code`) holds.
bool comparison_holds(std::uint16_t code, std::uint32_t left, std::uint32_t right);

} // namespace gantry::native
