#pragma once

#include <string>

namespace gantry::native {

/// A seccomp filter (struct sock_filter[]) that answers every call as `program` does, in fewer instructions: a kernel
/// translates and compiles a filter at each load, so that each start of a container pays for its length. libseccomp
/// compares numbers of calls one by one; here calls that are treated alike are ranges. A program with anything that is
/// not understood, or that would not be shorter, is returned as it is.
std::string compact_seccomp(std::string program);

} // namespace gantry::native
