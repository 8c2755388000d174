#pragma once

#include <vector>

#include "api/cri/cri.pb.h"
#include "messages/domain/error.hpp"
#include "messages/domain/pod_member.hpp"

namespace gantry::cri {

namespace v1 = ::runtime::v1;

/// Errors: invalid_argument for a number that the CRI does not have, naming the field.
result<namespace_mode> parse_mode(const char* field, v1::NamespaceMode from);
v1::NamespaceMode render_mode(namespace_mode from);

using id_mappings = google::protobuf::RepeatedPtrField<v1::IDMapping>;

/// Ranges of IDs that neither overlap nor leave what an ID can be. Errors: invalid_argument, naming `field`.
result<std::vector<id_mapping>> parse_mappings(const std::string& field, const id_mappings& from);
void render_mappings(const std::vector<id_mapping>& from, id_mappings& into);

/// The maps of a user namespace; empty: the node's users.
struct user_maps {
  std::vector<id_mapping> uids, gids;
  friend bool operator==(const user_maps&, const user_maps&) = default;
};
/// Errors: invalid_argument, naming the field. The kubelet maps one range of each, from 0.
result<user_maps> parse_users(const v1::UserNamespace& from);

} // namespace gantry::cri
