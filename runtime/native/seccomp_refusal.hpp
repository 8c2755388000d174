#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace gantry::native {

/// Whether a filter (`seccomp_plan::program`) lets a process call this in none of the ways that there are on machines
/// whose programs a kernel of x86 or ARM may run, be its first argument any of these. A filter that is not understood
/// refuses nothing.
bool refuses(std::string_view filter, const char* call, std::initializer_list<std::uint64_t> first_arguments);

} // namespace gantry::native
