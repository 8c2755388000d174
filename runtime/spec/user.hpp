#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/error.hpp"
#include "runtime/spec/merged_view.hpp"

namespace gantry::spec {

/// Who a process runs as.
struct process_user {
  std::uint32_t uid = 0, gid = 0;
  std::vector<std::uint32_t> groups; ///< the primary one first, each once
  std::string home = "/";
};

/// Resolves "name|uid[:group|gid]" (empty: root) and more groups by the root's own /etc/passwd and /etc/group, as
/// Docker does: a name's group is its passwd entry's, a bare number without an entry has group 0; groups that list the
/// user are supplementary unless a group was named. All digits are always a number, never a name.
/// Numbers are 0 to 2^31-1. Errors: invalid_argument (form, range), not_found (no such name in the image).
result<process_user> resolve_user(std::string_view user, const std::vector<std::string>& group_add,
                                  const merged_view& root);

} // namespace gantry::spec
