#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/container.hpp"
#include "runtime/spec/merged_view.hpp"

namespace gantry::spec {

/// Who a process runs as.
struct process_user {
  std::uint32_t uid = 0, gid = 0;
  std::vector<std::uint32_t> groups; ///< the primary one first, each once
  std::string home = "/";
};

/// The groups that are asked for, besides what `user` says.
struct group_request {
  std::vector<std::string> add{};         ///< supplementary ones
  std::optional<std::uint32_t> primary{}; ///< over the user's
  group_membership memberships = group_membership::unless_group_named;
};

/// Resolves "name|uid[:group|gid]" (empty: root) and more groups by the root's own /etc/passwd and /etc/group, as
/// Docker does: a name's group is its passwd entry's, a bare number without an entry has group 0; groups that list the
/// user are supplementary as `memberships` says. All digits are always a number, never a name.
/// Numbers are 0 to 2^31-1. Errors: invalid_argument (form, range), not_found (no such name in the image).
result<process_user> resolve_user(std::string_view user, const group_request& groups, const merged_view& root);

} // namespace gantry::spec
